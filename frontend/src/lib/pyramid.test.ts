import { describe, expect, it } from "vitest";
import {
	centred,
	contain,
	fill,
	keepInSight,
	levelCount,
	levelFor,
	levelSize,
	nextScale,
	scaleLadder,
	TILE,
	visibleTiles,
	zoomAround,
} from "./pyramid";

const frame = { height: 4176, width: 4176 };
const canvas = { height: 800, width: 1100 };

describe("levels", () => {
	it("end where four tiles hold the whole frame", () => {
		expect(levelCount(frame)).toBe(5);
		expect(levelCount({ height: 400, width: 500 })).toBe(1);
		const { height, width } = levelSize(frame, levelCount(frame) - 1);
		expect(Math.ceil(height / TILE) * Math.ceil(width / TILE)).toBeLessThanOrEqual(4);
	});

	it("never draw a pixel of a level narrower than a screen pixel", () => {
		for (const scale of scaleLadder(5)) {
			const level = levelFor(scale, 5);
			expect(scale * 2 ** level).toBeGreaterThanOrEqual(1);
		}
	});

	it("use native pixels from scale 1 on", () => {
		expect(levelFor(1, 5)).toBe(0);
		expect(levelFor(12, 5)).toBe(0);
		expect(levelFor(0.25, 5)).toBe(2);
		expect(levelFor(0.001, 3)).toBe(2);
	});
});

describe("visibleTiles", () => {
	it("covers every image pixel on the canvas", () => {
		const view = centred(canvas, frame, 1, 700, 3000);
		const tiles = new Set(visibleTiles(view, canvas, frame, 0).map((t) => `${t.ty},${t.tx}`));
		for (let y = 0; y < canvas.height; y += 50) {
			for (let x = 0; x < canvas.width; x += 50) {
				const ix = Math.floor((x - view.offsetX) / view.scale);
				const iy = Math.floor((y - view.offsetY) / view.scale);
				if (ix < 0 || iy < 0 || ix >= frame.width || iy >= frame.height) continue;
				expect(tiles).toContain(`${Math.floor(iy / TILE)},${Math.floor(ix / TILE)}`);
			}
		}
		expect(tiles.size).toBeLessThanOrEqual(6 * 5);
	});

	it("asks for the middle first", () => {
		const [first] = visibleTiles({ scale: 1, offsetX: -1500, offsetY: -1500 }, canvas, frame, 0);
		expect(first).toEqual({ level: 0, ty: 7, tx: 8 });
	});

	it("asks for nothing when the image is off the canvas", () => {
		expect(visibleTiles({ scale: 1, offsetX: 5000, offsetY: 0 }, canvas, frame, 0)).toEqual([]);
	});
});

describe("zoom", () => {
	it("keeps the point under the cursor", () => {
		let view = fill(canvas, frame, scaleLadder(5));
		const [x, y] = [300, 500];
		const before = (x - view.offsetX) / view.scale;
		for (let i = 0; i < 8; i++) {
			view = zoomAround(view, x, y, nextScale(scaleLadder(5), view.scale, 1));
		}
		expect((x - view.offsetX) / view.scale).toBeCloseTo(before, -0.5);
		expect(Number.isInteger(view.scale)).toBe(true);
	});

	it("stops at both ends of the ladder", () => {
		const ladder = scaleLadder(3);
		expect(ladder[0]).toBe(0.25);
		expect(nextScale(ladder, 0.25, -1)).toBe(0.25);
		expect(nextScale(ladder, 64, 1)).toBe(64);
		expect(nextScale(ladder, 0.8, 1)).toBe(1);
	});

	it("fills the page to within a factor of the square root of two", () => {
		const view = fill(canvas, { height: 1024, width: 1024 }, scaleLadder(2));
		expect(view.scale).toBe(1);
		expect(contain(canvas, { height: 1024, width: 1024 }, scaleLadder(2)).scale).toBe(0.5);
	});
});

it("keeps the image in sight", () => {
	const lost = keepInSight({ scale: 1, offsetX: 9999, offsetY: -99999 }, canvas, frame);
	expect(lost).toEqual({ scale: 1, offsetX: 550, offsetY: 400 - 4176 });
	const small = keepInSight({ scale: 1, offsetX: 9, offsetY: 9 }, canvas, {
		height: 10,
		width: 20,
	});
	expect(small).toEqual({ scale: 1, offsetX: 540, offsetY: 395 });
});
