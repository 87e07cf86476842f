import { describe, expect, test } from "vitest";
import { drawnUpward, reverseRows, turnRow } from "./paint";

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

	test("is undone by the pointer: what it reads is the value drawn under it", () => {
		const [height, width] = [3, 2];
		const values = [1, 2, 3, 4, 5, 6];
		for (const flipped of [false, true]) {
			const rgba = new Uint8ClampedArray(values.flatMap((v) => [v, v, v, 255]));
			if (flipped) reverseRows(rgba, width);
			for (let top = 0; top < height; top++) {
				const y = turnRow(top, height, flipped);
				expect(values[y * width]).toBe(rgba[4 * top * width]);
				expect(turnRow(y, height, flipped)).toBe(top);
			}
		}
	});
});
