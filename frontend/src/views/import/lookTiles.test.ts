import { expect, it } from "vitest";
import { firstFrom, LookTiles } from "./lookTiles";

/** A frame of 4 x 6 pixels, an overview of 2 x 2 blocks, three bright pixels. */
const exposure = { height: 4, width: 6, scale: 2 };
const pixels = {
	image: Float32Array.from([9, 1, 2, 1, 8, 1]),
	index: Uint32Array.from([1, 14, 21]),
	sigma: Float32Array.from([9, 8, 7]),
	value: Float32Array.from([90, 80, 70]),
	hot: new Uint32Array(0),
};

it("draws the overview at its own level and its maxima above", () => {
	const tiles = new LookTiles(exposure, pixels);
	const own = tiles.get({ level: 1, ty: 0, tx: 0 });
	expect([own.height, own.width, ...own.pixels]).toEqual([2, 3, 9, 1, 2, 1, 8, 1]);
	expect([...tiles.get({ level: 2, ty: 0, tx: 0 }).pixels]).toEqual([9, 2]);
});

it("draws single bright pixels where it is seen closer than the overview", () => {
	const { pixels: native } = new LookTiles(exposure, pixels).get({ level: 0, ty: 0, tx: 0 });
	expect([...native].flatMap((value, at) => (value ? [[at, value]] : []))).toEqual([
		[1, 9],
		[14, 8],
		[21, 7],
	]);
});

it("draws the frame itself where the overview has all its pixels", () => {
	const whole = { height: 2, width: 3, scale: 1 };
	const tile = new LookTiles(whole, pixels).get({ level: 0, ty: 0, tx: 0 });
	expect([...tile.pixels]).toEqual([9, 1, 2, 1, 8, 1]);
});

it("finds the first place of a rising list", () => {
	const rising = Uint32Array.from([2, 4, 4, 9]);
	expect([0, 4, 5, 10].map((least) => firstFrom(rising, least))).toEqual([0, 1, 3, 4]);
});
