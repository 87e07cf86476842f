import { describe, expect, test } from "vitest";
import { equalRows, flowRows, ordinalsOf, rowAt, rowOf, sortOrdinals } from "./order";

describe("order", () => {
	test("sorted both ways, undefined values last, ties in cutout order", () => {
		const values = Float32Array.from([3, Number.NaN, 1, 3, 2]);
		const all = Int32Array.from([0, 1, 2, 3, 4]);
		expect([...sortOrdinals(all, values, false)]).toEqual([2, 4, 0, 3, 1]);
		expect([...sortOrdinals(all, values, true)]).toEqual([0, 3, 4, 2, 1]);
		expect([...sortOrdinals(Int32Array.from([5, 0]), values, false)]).toEqual([0, 5]);
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
		const rows = flowRows(4, (i) => sizes[i]!, 100, 4);
		expect([...rows.first]).toEqual([0, 2, 3, 4]);
		expect([...rows.top]).toEqual([0, 34, 58, 72]);
		expect([...flowRows(0, () => [1, 1], 100, 4).top]).toEqual([0]);
	});
});
