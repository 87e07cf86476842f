import { describe, expect, test } from "vitest";
import { axisOf, count, edges, poissonInterval, toCsv } from "./spectrum";

const axis = { low: 0, high: 10, log: false, bins: 5 };

describe("spectra", () => {
	test("count what is selected, edges included, and say what lies outside", () => {
		const values = [0, 1, 2, 10, 10.1, -1, Number.NaN, 3];
		const mask = [1, 1, 1, 1, 1, 1, 1, 0];
		const { counts, ...sums } = count(values, 1, axis, mask);
		expect([...counts]).toEqual([2, 1, 0, 0, 1]);
		expect(sums).toEqual({ n: 7, below: 1, above: 1, undefined: 1 });
		expect([...count(values, 0.5, axis).counts]).toEqual([4, 0, 2, 0, 0]);
	});

	test("a logarithmic axis has equal ratios and leaves out what is not positive", () => {
		const log = { low: 1, high: 1000, log: true, bins: 3 };
		expect([...edges(log)].map((e) => Math.round(e))).toEqual([1, 10, 100, 1000]);
		const { counts, below } = count([0, -5, 2, 20, 200, 1000], 1, log);
		expect([...counts]).toEqual([1, 1, 2]);
		expect(below).toBe(2);
	});

	test("the axis covers nearly all values with round ends, whatever they are", () => {
		const values = Array.from({ length: 2000 }, (_, i) => i * 0.77);
		const whole = axisOf(values, 1, false, 50);
		expect(whole?.low).toBe(0);
		expect(whole?.high).toBeGreaterThan(1500);
		expect(axisOf(values, 1, true, 50)?.low).toBeGreaterThan(0);
		expect(axisOf([Number.NaN], 1, false, 50)).toBeNull();
		expect(axisOf([-3, 0], 1, true, 50)).toBeNull();
		const one = axisOf([5, 5, 5], 1, false, 50);
		expect((one?.high ?? 0) > (one?.low ?? 0)).toBe(true);
	});

	test("Poisson intervals are those of the tables", () => {
		// Gehrels 1986, tables 1 and 2, one sigma
		for (const [n, low, high] of [
			[0, 0, 1.841],
			[1, 0.173, 3.3],
			[4, 2.086, 7.163],
			[10, 6.891, 14.27],
			[50, 42.95, 58.12],
		] as const) {
			const [l, h] = poissonInterval(n);
			expect(Math.abs(l - low)).toBeLessThan(0.03 * Math.max(1, low));
			expect(Math.abs(h - high)).toBeLessThan(0.03 * high);
		}
	});

	test("the CSV holds edges, unit, counts and errors", () => {
		const csv = toCsv(axis, "keV", [4, 0, 0, 0, 1], [{ name: 'a,"b', counts: [4, 0, 0, 0, 0] }]);
		const lines = csv.trimEnd().split("\n");
		expect(lines[0]).toBe('low,high,unit,count,error_low,error_high,"a,""b"');
		expect(lines[1]).toBe("0,2,keV,4,1.909,3.179,4");
		expect(lines).toHaveLength(6);
		expect(toCsv(axis, "keV", [0, 0, 0, 0, 0], [{ name: "=1+1", counts: [] }])).toContain(
			",'=1+1\n",
		);
	});
});
