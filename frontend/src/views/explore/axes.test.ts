import { describe, expect, test } from "vitest";
import { axisOf, axisPositions, fromAxis, inUnits, ticksBetween, toAxis } from "./axes";

const decades = Float32Array.from({ length: 1000 }, (_, i) => 10 ** (i / 200));
const even = Float32Array.from({ length: 1001 }, (_, i) => i / 10);

describe("axes", () => {
	test("a column over decades is logarithmic, its axis its own inverse, zero off it", () => {
		const axis = axisOf(decades);
		expect(axis.log).toBe(true);
		expect(fromAxis(axis, toAxis(axis, 137))).toBeCloseTo(137, 6);
		expect(toAxis(axis, 0)).toBeNaN();
		expect(toAxis(axis, Number.NaN)).toBeNaN();
	});

	test("columns of unlike size share the map, and a lasso is stored in their units", () => {
		const axes = { x: axisOf(even), y: axisOf(decades) };
		const points = axisPositions(even, decades, axes, 1001);
		expect(points[2 * 500]).toBeCloseTo(0.5, 2);
		expect(points[2 * 1000 + 1]).toBeNaN();
		const [x, y] = inUnits([points[2 * 500] as number, points[2 * 500 + 1] as number], axes);
		expect(x).toBeCloseTo(50, 3);
		expect(y).toBeCloseTo(decades[500] as number, 1);
	});

	test("ticks are round and inside", () => {
		expect(ticksBetween(axisOf(even), 0, 1).map((t) => t.value)).toEqual([20, 40, 60, 80]);
		expect(ticksBetween(axisOf(decades), 0, 1).map((t) => t.value)).toContain(1000);
		expect(ticksBetween({ log: false, from: 3, to: 4 }, 0, 0)).toEqual([]);
	});
});
