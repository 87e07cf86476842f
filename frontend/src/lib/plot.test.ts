import { describe, expect, it } from "vitest";
import { extent, linear, linePath, tickLabels, ticks } from "./plot";

describe("ticks", () => {
	it("are round and cover the data", () => {
		for (const [low, high] of [
			[0.31, 1.87],
			[0, 60],
			[-3.2, 12_345],
			[1e-7, 3e-7],
			[0.0012, 0.00121],
		] as const) {
			const values = ticks(low, high);
			expect(values[0]).toBeLessThanOrEqual(low);
			expect(values.at(-1)).toBeGreaterThanOrEqual(high);
			expect(values.length).toBeGreaterThanOrEqual(2);
			expect(values.length).toBeLessThanOrEqual(8);
		}
		expect(ticks(0, 1)).toEqual([0, 0.5, 1]);
	});

	it("stand constant data", () => {
		expect(ticks(0, 0).length).toBeGreaterThan(1);
		expect(ticks(7, 7)[0]).toBeLessThan(7);
	});

	it("are written with equal decimals and a true minus", () => {
		expect(tickLabels([-0.5, 0, 0.5])).toEqual(["−0.5", "0.0", "0.5"]);
		expect(tickLabels([0, 100_000])).toEqual(["0.0e0", "1.0e5"]);
	});
});

it("ignores what is not finite when measuring extent", () => {
	expect(extent([Number.NaN, 3, -1, Number.POSITIVE_INFINITY])).toEqual([-1, 3]);
	expect(extent([Number.NaN])).toBeNull();
});

it("maps linearly, a point range to its start", () => {
	expect(linear([0, 10], [100, 0])(2.5)).toBe(75);
	expect(linear([3, 3], [0, 50])(3)).toBe(0);
});

it("breaks a line at a gap", () => {
	const same = (v: number) => v;
	const points = [1, 2, Number.NaN, 4].map((y, x) => ({ x, y }));
	expect(linePath(points, same, same)).toBe("M0 1l0 0L1 2M3 4l0 0");
});
