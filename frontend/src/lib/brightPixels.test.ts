import { expect, it } from "vitest";
import { footprintsAbove } from "./brightPixels";

/** Rows of digits: each digit is a pixel's strength, a dot is one below the floor. */
function drawn(rows: string[]) {
	const width = rows[0]?.length ?? 0;
	const pixels = [...rows.join("")].flatMap((c, i) => (c === "." ? [] : [[i, Number(c)] as const]));
	return {
		height: rows.length,
		width,
		index: Uint32Array.from(pixels, ([i]) => i),
		strength: Float32Array.from(pixels, ([, v]) => v),
	};
}

const boxes = (rows: string[], threshold: number, minPixels = 1) =>
	footprintsAbove(drawn(rows), threshold, minPixels).map((f) => [f.x0, f.y0, f.width, f.height]);

it("joins pixels that touch by an edge or a corner, in either direction", () => {
	expect(boxes(["9....9", ".9..9.", "..99..", "......"], 1)).toEqual([[0, 0, 6, 3]]);
});

it("does not join the end of a row with the beginning of the next", () => {
	expect(boxes(["....9", "9....", ".....", "....9"], 1)).toEqual([
		[4, 0, 1, 1],
		[0, 1, 1, 1],
		[4, 3, 1, 1],
	]);
});

it("joins two arms that meet only at the bottom", () => {
	expect(boxes(["9...9", "9...9", ".999."], 1)).toEqual([[0, 0, 5, 3]]);
});

it("parts a footprint where the threshold rises above its bridge", () => {
	const rows = ["99499"];
	expect(boxes(rows, 3)).toEqual([[0, 0, 5, 1]]);
	expect(boxes(rows, 4)).toEqual([
		[0, 0, 2, 1],
		[3, 0, 2, 1],
	]);
	expect(boxes(rows, 9)).toEqual([]);
});

it("leaves out footprints with fewer pixels than asked for", () => {
	expect(boxes(["9..99", ".....", "9...."], 1, 2)).toEqual([[3, 0, 2, 1]]);
});

it("marks the pixels of a footprint and none beside them", () => {
	const [footprint] = footprintsAbove(drawn(["9.9", ".9."]), 1);
	expect([...(footprint?.mask ?? [])]).toEqual([1, 0, 1, 0, 1, 0]);
});

it("agrees with a flood fill on noise", () => {
	const side = 60;
	let seed = 7;
	const random = () => {
		seed = (seed * 16807) % 2147483647;
		return seed / 2147483647;
	};
	const grid = Array.from({ length: side * side }, () => (random() < 0.3 ? 1 : 0));
	const seen = new Set<number>();
	let filled = 0;
	for (let start = 0; start < grid.length; start++) {
		if (!grid[start] || seen.has(start)) continue;
		filled++;
		const open = [start];
		seen.add(start);
		for (let at = open.pop(); at !== undefined; at = open.pop()) {
			const [x, y] = [at % side, Math.floor(at / side)];
			for (const [dx, dy] of [-1, 0, 1].flatMap((a) => [-1, 0, 1].map((b) => [a, b] as const))) {
				const [nx, ny] = [x + dx, y + dy];
				const next = ny * side + nx;
				if (nx < 0 || ny < 0 || nx >= side || ny >= side || !grid[next] || seen.has(next)) continue;
				seen.add(next);
				open.push(next);
			}
		}
	}
	const rows = Array.from({ length: side }, (_, y) =>
		grid
			.slice(y * side, (y + 1) * side)
			.map((v) => (v ? "5" : "."))
			.join(""),
	);
	expect(footprintsAbove(drawn(rows), 1)).toHaveLength(filled);
});
