import { describe, expect, it } from "vitest";
import { FootprintIndex, readingOrder } from "./footprints";

const box = (ordinal: number, x0: number, y0: number, height: number, width: number) => ({
	ordinal,
	x0,
	y0,
	height,
	width,
	mask: new Uint8Array(height * width).fill(1),
});

describe("FootprintIndex", () => {
	const long = box(1, 50, 60, 2, 200);
	const dot = box(2, 300, 300, 1, 1);
	const index = new FootprintIndex([long, dot]);

	it("finds the footprint a pixel belongs to, across cells", () => {
		expect(index.at(51.5, 60.5, 0.5)?.ordinal).toBe(1);
		expect(index.at(249.5, 61.5, 0.5)?.ordinal).toBe(1);
	});

	it("reaches a small one from outside, but not from far", () => {
		expect(index.at(303, 300.5, 4)?.ordinal).toBe(2);
		expect(index.at(310, 300.5, 4)).toBeNull();
	});

	it("goes by the mask, not by the box", () => {
		const hollow = box(3, 0, 0, 20, 20);
		hollow.mask.fill(0);
		hollow.mask[0] = 1;
		expect(new FootprintIndex([hollow]).at(10, 10, 2)).toBeNull();
	});

	it("takes the nearest of two", () => {
		const two = new FootprintIndex([box(4, 0, 0, 1, 1), box(5, 6, 0, 1, 1)]);
		expect(two.at(4.6, 0.5, 5)?.ordinal).toBe(5);
		expect(two.at(2.4, 0.5, 5)?.ordinal).toBe(4);
	});
});

it("reads footprints in rows", () => {
	const order = readingOrder([box(1, 90, 10, 1, 1), box(2, 5, 40, 1, 1), box(3, 0, 70, 1, 1)]);
	expect(order.map((b) => b.ordinal)).toEqual([2, 1, 3]);
});
