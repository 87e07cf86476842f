import { describe, expect, test } from "vitest";
import { allOrdinals, equalRows, flowRows, ordinalsOf, rowAt, rowOf, sortOrdinals } from "./order";

describe("order", () => {
	test("sorted both ways, undefined values last, ties in cutout order", () => {
		const values = Float32Array.from([3, Number.NaN, 1, 3, 2]);
		const all = Int32Array.from([0, 1, 2, 3, 4]);
		expect([...sortOrdinals(all, values, false)]).toEqual([2, 4, 0, 3, 1]);
		expect([...sortOrdinals(all, values, true)]).toEqual([0, 3, 4, 2, 1]);
		expect([...sortOrdinals(Int32Array.from([5, 0]), values, false)]).toEqual([0, 5]);
	});

	test("agrees with a comparison sort on doubles of every size and sign", () => {
		const values = Float64Array.from({ length: 5000 }, (_, i) =>
			i % 97 === 0
				? Number.NaN
				: Math.sin(i * 7.31) * 10 ** ((i % 41) - 20) * (i % 13 === 0 ? 0 : 1),
		);
		const all = Int32Array.from(values, (_, i) => i);
		for (const sign of [1, -1]) {
			const key = (i: number) => (Number.isNaN(values[i]!) ? Infinity : sign * values[i]!);
			const compared = [...all].sort((a, b) =>
				key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : a - b,
			);
			expect([...sortOrdinals(all, values, sign < 0)]).toEqual(compared);
		}
	});

	test("a million are sorted at once", () => {
		const values = new Float32Array(1_000_000);
		for (let i = 0; i < values.length; i++) values[i] = Math.sin(i);
		const all = allOrdinals(values.length);
		const began = performance.now();
		const sorted = sortOrdinals(all, values, true);
		expect(performance.now() - began).toBeLessThan(5000);
		expect(values[sorted[0]!]).toBeGreaterThan(0.9999);
	});

	test("a mask and its ordinals", () => {
		expect([...ordinalsOf(Uint8Array.from([1, 0, 1]))]).toEqual([0, 2]);
	});
});

describe("gallery rows", () => {
	test("equal cells", () => {
		const rows = equalRows(7, 40, 130, 4);
		expect([...rows.first]).toEqual([0, 3, 6, 7]);
		expect([...rows.top]).toEqual([0, 44, 88, 132]);
		expect(equalRows(0, 40, 130, 4).first.length).toBe(1);
		expect(rowAt(rows, 50)).toBe(1);
		expect(rowAt(rows, 9999)).toBe(2);
		expect(rowOf(rows, 6)).toBe(2);
	});

	test("cells of their own size flow like words, and one wider than the pane has a row", () => {
		const sizes: [number, number][] = [
			[50, 10],
			[40, 30],
			[400, 20],
			[10, 10],
		];
		const rows = flowRows(
			4,
			(i) => sizes[i]![0],
			(i) => sizes[i]![1],
			100,
			4,
		);
		expect([...rows.first]).toEqual([0, 2, 3, 4]);
		expect([...rows.top]).toEqual([0, 34, 58, 72]);
		expect([
			...flowRows(
				0,
				() => 1,
				() => 1,
				100,
				4,
			).top,
		]).toEqual([0]);
	});
});
