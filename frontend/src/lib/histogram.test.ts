import { describe, expect, test } from "vitest";
import { bin, countBins, position, roundOnAxis, UNBINNED, valueAt } from "./histogram";

const uniform = Float32Array.from({ length: 1000 }, (_, i) => i / 100);

describe("histogram", () => {
	test("every finite value is in one bin, outliers in the end bins, NaN in none", () => {
		const values = Float32Array.from(uniform);
		values[0] = Number.NaN;
		values[1] = 1e9;
		values[2] = -1e9;
		const binning = bin(values)!;
		const counts = countBins(binning, null);
		expect(counts.reduce((a, b) => a + b)).toBe(999);
		expect(binning.codes[0]).toBe(UNBINNED);
		expect(binning.codes[1]).toBe(39);
		expect(binning.codes[2]).toBe(0);
		expect(binning.nUndefined).toBe(1);
		expect(binning.high).toBeLessThan(11);
	});

	test("a selection is counted in the same bins", () => {
		const mask = new Uint8Array(1000);
		mask.fill(1, 0, 100);
		const counts = countBins(bin(uniform)!, mask);
		expect(counts.reduce((a, b) => a + b)).toBe(100);
		expect(counts[39]).toBe(0);
	});

	test("few whole numbers get a bin each", () => {
		const binning = bin(Int32Array.from([-1, 0, 0, 3]))!;
		expect([binning.low, binning.high, binning.bins]).toEqual([-1.5, 3.5, 5]);
		expect([...countBins(binning, null)]).toEqual([1, 2, 0, 0, 1]);
		expect(roundOnAxis(binning, 1.8)).toBe(1.5);
	});

	test("values over decades are binned in log steps, and the axis is its own inverse", () => {
		const binning = bin(Float32Array.from({ length: 2000 }, (_, i) => 10 ** (i / 400)))!;
		expect(binning.log).toBe(true);
		expect(position(binning, valueAt(binning, 0.3))).toBeCloseTo(0.3, 9);
		const counts = countBins(binning, null);
		expect(Math.max(...counts.slice(1, -1)) / Math.min(...counts.slice(1, -1))).toBeLessThan(1.2);
	});

	test("constant, empty and undefined columns", () => {
		expect(countBins(bin(new Float32Array(7).fill(2.5))!, null).reduce((a, b) => a + b)).toBe(7);
		expect(bin(new Float32Array(0))).toBeNull();
		expect(bin(new Float32Array(3).fill(Number.NaN))).toBeNull();
	});

	test("brush ends are rounded to what the axis can tell apart", () => {
		expect(String(roundOnAxis(bin(uniform)!, 3.74192658)).length).toBeLessThan(6);
	});
});
