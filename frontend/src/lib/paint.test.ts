import { describe, expect, test } from "vitest";
import { drawnUpward, reverseRows } from "./paint";

describe("the order of rows", () => {
	test("is that of the file, unless it is turned", () => {
		expect(drawnUpward(true, { turned: false })).toBe(true);
		expect(drawnUpward(false, { turned: false })).toBe(false);
		expect(drawnUpward(true, { turned: true })).toBe(false);
	});

	test("is reversed row by row, the middle one staying", () => {
		const pixel = (v: number) => [v, v, v, 255];
		const rgba = new Uint8ClampedArray([1, 2, 3, 4, 5, 6].flatMap(pixel));
		expect([...reverseRows(rgba, 2)]).toEqual([5, 6, 3, 4, 1, 2].flatMap(pixel));
	});
});
