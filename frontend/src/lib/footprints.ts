/** Finding the footprint under a cursor, and values of footprints for the inspector. */

export interface Box {
	ordinal: number;
	x0: number;
	y0: number;
	height: number;
	width: number;
	mask: Uint8Array;
}

const CELL = 64;

/** Footprints by 64-pixel cells, so that a cursor asks a handful of masks and not all. */
export class FootprintIndex {
	readonly #cells = new Map<string, Box[]>();

	constructor(boxes: Iterable<Box>) {
		for (const box of boxes) {
			for (const key of cellsOf(box.x0, box.y0, box.x0 + box.width, box.y0 + box.height)) {
				const cell = this.#cells.get(key);
				if (cell) cell.push(box);
				else this.#cells.set(key, [box]);
			}
		}
	}

	/**
	 * The footprint nearest to (x, y), in image pixels, within `reach` pixels of its mask.
	 *
	 * A dot of three pixels cannot be hit when a 4k frame fills the screen; the reach grows there.
	 */
	at(x: number, y: number, reach: number): Box | null {
		let best: Box | null = null;
		let nearest = reach * reach;
		const seen = new Set<Box>();
		for (const key of cellsOf(x - reach, y - reach, x + reach, y + reach)) {
			for (const box of this.#cells.get(key) ?? []) {
				if (seen.has(box)) continue;
				seen.add(box);
				const distance = squaredDistance(box, x, y, reach);
				if (distance < nearest || (distance === nearest && !best)) {
					nearest = distance;
					best = box;
				}
			}
		}
		return best;
	}
}

function* cellsOf(x0: number, y0: number, x1: number, y1: number): Generator<string> {
	for (let cy = Math.floor(y0 / CELL); cy <= Math.floor(y1 / CELL); cy++) {
		for (let cx = Math.floor(x0 / CELL); cx <= Math.floor(x1 / CELL); cx++) yield `${cx},${cy}`;
	}
}

/** Squared distance from (x, y) to the nearest masked pixel, 0 inside, infinite beyond `reach`. */
function squaredDistance(box: Box, x: number, y: number, reach: number): number {
	const left = Math.max(0, Math.floor(x - box.x0 - reach));
	const top = Math.max(0, Math.floor(y - box.y0 - reach));
	const right = Math.min(box.width - 1, Math.ceil(x - box.x0 + reach));
	const bottom = Math.min(box.height - 1, Math.ceil(y - box.y0 + reach));
	let best = Number.POSITIVE_INFINITY;
	for (let py = top; py <= bottom; py++) {
		for (let px = left; px <= right; px++) {
			if (!box.mask[py * box.width + px]) continue;
			const dx = outside(x - box.x0, px);
			const dy = outside(y - box.y0, py);
			best = Math.min(best, dx * dx + dy * dy);
		}
	}
	return best;
}

/** How far a coordinate lies outside the pixel [p, p + 1). */
function outside(value: number, p: number): number {
	return value < p ? p - value : value > p + 1 ? value - p - 1 : 0;
}

/** Footprints in reading order: rows of `CELL` pixels, left to right. */
export function readingOrder<T extends { x0: number; y0: number }>(boxes: readonly T[]): T[] {
	return [...boxes].sort(
		(a, b) => Math.floor(a.y0 / CELL) - Math.floor(b.y0 / CELL) || a.x0 - b.x0 || a.y0 - b.y0,
	);
}
