import { describe, expect, test } from "vitest";
import { matchFootprints, ownersOf } from "./overlaps";

const WIDTH = 20;

/** A horizontal footprint. */
function row(x0: number, y0: number, width: number) {
	return { ordinal: 0, x0, y0, height: 1, width, mask: new Uint8Array(width).fill(1) };
}

function match(old: ReturnType<typeof row>[], found: ReturnType<typeof row>[]) {
	return [...matchFootprints(ownersOf(old, WIDTH), found, WIDTH)];
}

describe("matching of footprints", () => {
	test("one that is found again is itself, whatever its size", () => {
		expect(match([row(2, 1, 5)], [row(3, 1, 2)])).toEqual([0]);
	});
	test("where two have become one, the larger is it", () => {
		expect(match([row(0, 1, 3), row(4, 1, 6)], [row(0, 1, 10)])).toEqual([1]);
	});
	test("where one has become two, it is the larger part", () => {
		expect(match([row(0, 1, 10)], [row(0, 1, 3), row(4, 1, 6)])).toEqual([-1, 0]);
	});
	test("what touches nothing is new", () => {
		expect(match([row(0, 1, 3)], [row(0, 2, 3)])).toEqual([-1]);
	});
	test("rows do not run over the frame's edge", () => {
		expect(match([row(18, 1, 2)], [row(0, 2, 2)])).toEqual([-1]);
	});
});
