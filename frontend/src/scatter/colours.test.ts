import { describe, expect, test } from "vitest";
import { categoriesOf, colourByCategory, colourByNumber, legible, NONE, NONE_ID } from "./colours";

const dark = { light: false, none: [110, 116, 124] as const };
const light = { light: true, none: [150, 150, 150] as const };

describe("colour by category", () => {
	test("each class has its own colour, a marker shape, its key and its count", () => {
		const classes = [
			{ id: 7, name: "muon", colour: "#E69F00", key: "d" },
			{ id: 9, name: "electron", colour: "#56B4E9", key: "f" },
		];
		const colouring = colourByCategory(Int32Array.from([9, 0, 7, 9]), classes, "unlabelled", dark);
		expect([...colouring.index]).toEqual([1, NONE, 0, 1]);
		expect(colouring.entries.map(({ name, n, key, shape }) => [name, n, key, shape])).toEqual([
			["muon", 1, "d", 0],
			["electron", 2, "f", 1],
			["unlabelled", 1, undefined, 0],
		]);
		expect([...colouring.palette.slice(0, 4)]).toEqual([230, 159, 0, 0]);
		expect(colouring.entries[2]!.id).toBe(NONE_ID);
	});

	test("unclustered (-1) is no value and hundreds of clusters fit", () => {
		const values = Int32Array.from({ length: 400 }, (_, i) => i - 1);
		const categories = categoriesOf(values, (id) => `cluster ${id}`);
		expect(categories.length).toBe(399);
		const colouring = colourByCategory(values, categories, "unclustered", dark);
		expect(colouring.index[0]).toBe(NONE);
		expect(colouring.index[399]).toBe(NONE);
		expect(colouring.entries.length).toBe(256);
	});

	test("yellow on white is darkened, blue on black lightened, orange on black left alone", () => {
		expect(legible([240, 228, 66], true)[1]).toBeLessThan(210);
		expect(legible([0, 0, 120], false)[2]).toBeGreaterThan(120);
		expect(legible([230, 159, 0], false)).toEqual([230, 159, 0]);
	});
});

describe("colour by number", () => {
	test("rises with the value, clips at the quantiles, and sets undefined values apart", () => {
		const values = Float32Array.from({ length: 1000 }, (_, i) => i - 500);
		values[3] = Number.NaN;
		values[999] = 1e9;
		const { index, ramp } = colourByNumber(values, "viridis", light);
		expect(index[3]).toBe(NONE);
		expect(ramp!.nMissing).toBe(1);
		expect(ramp!.log).toBe(false);
		expect(index[0]).toBe(0);
		expect(index[999]).toBe(NONE - 1);
		for (let i = 21; i < 998; i++) expect(index[i]!).toBeGreaterThanOrEqual(index[i - 1]!);
	});

	test("values over decades are coloured on a log scale", () => {
		const values = Float32Array.from({ length: 1000 }, (_, i) => 10 ** (i / 200));
		const { index, ramp } = colourByNumber(values, "viridis", dark);
		expect(ramp!.log).toBe(true);
		expect(Math.abs(index[500]! - 127)).toBeLessThan(4);
	});

	test("a constant column and one without any value have a colour and do not throw", () => {
		expect(colourByNumber(new Float32Array(5).fill(3), "grey", dark).index[0]).toBe(127);
		const none = colourByNumber(new Float32Array(5).fill(Number.NaN), "grey", dark);
		expect([...none.index]).toEqual([NONE, NONE, NONE, NONE, NONE]);
		expect(colourByNumber(new Float32Array(0), "grey", dark).index.length).toBe(0);
	});
});
