import { expect, test } from "vitest";
import { nativeBox } from "./cells";

const pane = { width: 400, height: 300 };

test("an image has a cell of its own size at the common scale", () => {
	expect(nativeBox(40, 20, 3, pane, false)).toEqual({ width: 120, height: 60, zoom: 3 });
});

test("a speck has a cell to click on, and room for a value where there is one", () => {
	expect(nativeBox(3, 3, 2, pane, false)).toEqual({ width: 28, height: 28, zoom: 2 });
	expect(nativeBox(3, 3, 2, pane, true).width).toBe(60);
});

test("a track longer than the pane is shrunk by a whole factor, never cut", () => {
	expect(nativeBox(180, 10, 4, pane, false).zoom).toBe(2);
	expect(nativeBox(1000, 10, 4, pane, false)).toEqual({ width: 334, height: 28, zoom: 1 / 3 });
	expect(nativeBox(10, 2000, 1, pane, false).zoom).toBe(1 / 7);
});

test("an unknown size is a small square", () => {
	expect(nativeBox(-1, Number.NaN, 2, pane, false)).toEqual({ width: 32, height: 32, zoom: 2 });
});
