import { describe, expect, it } from "vitest";
import { dilate, traceOutline } from "./outline";

function mask(...rows: string[]): [number[], number, number] {
	const width = rows[0]?.length ?? 0;
	return [rows.flatMap((row) => [...row].map((c) => (c === "#" ? 1 : 0))), rows.length, width];
}

function area(loop: Int32Array): number {
	let twice = 0;
	for (let i = 0; i < loop.length; i += 2) {
		const j = (i + 2) % loop.length;
		twice += (loop[i] ?? 0) * (loop[j + 1] ?? 0) - (loop[j] ?? 0) * (loop[i + 1] ?? 0);
	}
	return twice / 2;
}

describe("traceOutline", () => {
	it("draws one pixel as its four corners", () => {
		expect(traceOutline(...mask("#")).map((loop) => [...loop])).toEqual([[0, 0, 1, 0, 1, 1, 0, 1]]);
	});

	it("joins pixels that touch at a corner into one loop", () => {
		for (const rows of [
			["#.", ".#"],
			[".#", "#."],
		]) {
			const loops = traceOutline(...mask(...rows));
			expect(loops).toHaveLength(1);
			expect(area(loops[0] as Int32Array)).toBe(2);
		}
	});

	it("traces a hole as a loop of its own, the other way round", () => {
		const areas = traceOutline(...mask("###", "#.#", "###")).map(area);
		expect(areas.sort((a, b) => a - b)).toEqual([-1, 9]);
	});

	it("keeps corners only", () => {
		const [loop] = traceOutline(...mask("####", "####"));
		expect(loop).toHaveLength(8);
	});

	it("encloses exactly the pixels of any mask", () => {
		let seed = 7;
		for (let trial = 0; trial < 50; trial++) {
			const pixels = Array.from({ length: 63 }, () => {
				seed = (seed * 1103515245 + 12345) % 2147483648;
				return seed % 3 ? 1 : 0;
			});
			const total = traceOutline(pixels, 7, 9).reduce((sum, loop) => sum + area(loop), 0);
			expect(total).toBe(pixels.reduce<number>((a, b) => a + b, 0));
		}
	});

	it("finds nothing in an empty mask", () => {
		expect(traceOutline([], 0, 0)).toEqual([]);
		expect(traceOutline([0, 0], 1, 2)).toEqual([]);
	});
});

describe("dilate", () => {
	it("grows a pixel to a square around it", () => {
		expect([...dilate([1], 1, 1, 1)]).toEqual(Array(9).fill(1));
		expect([...dilate([0, 1, 0], 1, 3, 0)]).toEqual([0, 1, 0]);
	});

	it("keeps what was inside, moved by the margin", () => {
		const [pixels, height, width] = mask("#..", "..#");
		const grown = dilate(pixels, height, width, 2);
		pixels.forEach((v, i) => {
			const at = (Math.floor(i / width) + 2) * (width + 4) + (i % width) + 2;
			if (v) expect(grown[at]).toBe(1);
		});
	});
});
