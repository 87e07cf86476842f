import { describe, expect, it } from "vitest";
import { cellOrdinals, classFigures, rowShares } from "./confusion";

const label = Int16Array.from([0, 0, 1, -1, 1, 2, 0]);
const heldOut = Int16Array.from([0, 1, 1, 0, -1, 0, 1]);

describe("cellOrdinals", () => {
	it("finds the cutouts of a cell", () => {
		expect([...cellOrdinals(label, heldOut, 0, 1)]).toEqual([1, 6]);
		expect([...cellOrdinals(label, heldOut, 1, 0)]).toEqual([]);
	});
	it("leaves out cutouts without a label or never held out", () => {
		expect([...cellOrdinals(label, heldOut, null, null)]).toEqual([0, 1, 2, 5, 6]);
		expect([...cellOrdinals(label, heldOut, null, 0)]).toEqual([0, 5]);
	});
	it("finds as many as the matrix counts", () => {
		const matrix = [0, 1, 2].map((r) =>
			[0, 1, 2].map((c) => cellOrdinals(label, heldOut, r, c).length),
		);
		expect(matrix).toEqual([
			[1, 2, 0],
			[0, 1, 0],
			[1, 0, 0],
		]);
	});
});

describe("classFigures", () => {
	const figures = classFigures([
		[8, 2, 0],
		[1, 9, 0],
		[0, 0, 0],
	]);
	it("divides by the row for recall and by the column for precision", () => {
		expect(figures[0]?.recall).toBeCloseTo(0.8);
		expect(figures[0]?.precision).toBeCloseTo(8 / 9);
		expect(figures[1]?.f1).toBeCloseTo(18 / 21);
		expect(figures[0]?.recallInterval?.[0]).toBeCloseTo(0.49, 2);
	});
	it("claims nothing about a class without cases", () => {
		expect(figures[2]?.recall).toBeNaN();
		expect(figures[2]?.precisionInterval).toBeNull();
	});
});

it("shares a row out", () => {
	expect(
		rowShares([
			[1, 3],
			[0, 0],
		]),
	).toEqual([
		[0.25, 0.75],
		[0, 0],
	]);
});
