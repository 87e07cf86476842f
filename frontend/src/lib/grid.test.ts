import { describe, expect, it } from "vitest";
import { gridShape, scrollTo, stepTo, visibleRange } from "./grid";

const shape = gridShape(10_001, 1000, { width: 300, height: 100 });

describe("a long grid", () => {
	it("has whole columns and at least one", () => {
		expect(shape).toEqual({ columns: 3, rows: 3334, height: 333_400 });
		expect(gridShape(5, 10, { width: 300, height: 100 }).columns).toBe(1);
	});

	it("draws what is on the screen and little more", () => {
		expect(visibleRange(10_001, shape, 100, 5000, 600)).toEqual([48 * 3, 58 * 3]);
		expect(visibleRange(10_001, shape, 100, 0, 600)[0]).toBe(0);
		expect(visibleRange(10_001, shape, 100, 333_000, 600)[1]).toBe(10_001);
		expect(visibleRange(0, gridShape(0, 1000, { width: 9, height: 9 }), 9, 0, 600)).toEqual([0, 0]);
	});
});

describe("arrow keys", () => {
	it("lead one tile or one row on and stop at the ends", () => {
		expect(stepTo("ArrowRight", 4, 10, 3, 2)).toBe(5);
		expect(stepTo("ArrowDown", 4, 10, 3, 2)).toBe(7);
		expect(stepTo("ArrowUp", 1, 10, 3, 2)).toBe(0);
		expect(stepTo("End", 4, 10, 3, 2)).toBe(9);
		expect(stepTo("PageDown", 0, 10, 3, 2)).toBe(6);
		expect(stepTo("x", 4, 10, 3, 2)).toBe(4);
		expect(stepTo("Home", 0, 0, 3, 2)).toBe(-1);
	});
});

it("scrolls as little as shows the tile", () => {
	expect(scrollTo(0, shape, 100, 250, 600)).toBe(0);
	expect(scrollTo(9, shape, 100, 250, 600)).toBe(250);
	expect(scrollTo(30, shape, 100, 250, 600)).toBe(500);
});
