import { deflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { firstPair, readBetween } from "./interpolation";

const text = (...bytes: number[]) =>
	Buffer.from(deflateSync(Uint8Array.from(bytes))).toString("base64");

describe("readBetween", () => {
	it("cuts the bytes into images", async () => {
		const found = await readBetween({
			model_version_id: 4,
			ordinals: [7, 2],
			distance: 1.5,
			shape: [1, 2, 1],
			images: text(1, 2, 3, 4, 5, 6),
			originals: text(9, 8, 7, 6),
		});
		expect(found?.steps.map((s) => [...s])).toEqual([
			[1, 2],
			[3, 4],
			[5, 6],
		]);
		expect(found?.originals.map((s) => [...s])).toEqual([
			[9, 8],
			[7, 6],
		]);
		expect(found?.ordinals).toEqual([7, 2]);
	});

	it("knows what is no interpolation", async () => {
		expect(await readBetween(null)).toBeNull();
		expect(await readBetween({ n: 3 })).toBeNull();
	});
});

describe("firstPair", () => {
	it("takes the ends of the selection", () => {
		expect(firstPair(100, [5, 9, 40], 7)).toEqual([5, 40]);
	});

	it("takes what was looked at last, and another by chance", () => {
		expect(firstPair(100, null, 7, () => 0.5)).toEqual([7, 50]);
	});

	it("never pairs a cutout with itself where there are two", () => {
		const draws = [0.1, 0.1, 0.9];
		expect(firstPair(2, null, -1, () => draws.shift() ?? 0)).toEqual([0, 1]);
		expect(firstPair(1, null, 0)).toEqual([0, 0]);
	});
});
