/**
 * Footprints of a sparse list of bright pixels, found again at every move of a threshold.
 *
 * Connected components by union-find with path halving (Hoshen & Kopelman 1976, Phys. Rev. B 14,
 * 3438, for a sparse raster): the list is in raster order, so each pixel's earlier neighbours (left,
 * and the three above) stand at places of the list that only move forward. Time is linear in the
 * pixels, whatever the size of the frame.
 */
import type { Footprint } from "../api/binary";

export interface BrightPixels {
	height: number;
	width: number;
	/** y * width + x, rising. */
	index: Uint32Array;
	/** What the threshold is compared with, one per pixel. */
	strength: Float32Array;
}

/**
 * The 8-connected sets of pixels whose strength exceeds `threshold`, of at least `minPixels`.
 *
 * @returns footprints in raster order of their first pixel, numbered from 0
 */
export function footprintsAbove(
	bright: BrightPixels,
	threshold: number,
	minPixels = 1,
): Footprint[] {
	const { width, index, strength } = bright;
	const above = new Uint32Array(index.length);
	let n = 0;
	for (let i = 0; i < index.length; i++) {
		if ((strength[i] as number) > threshold) above[n++] = index[i] as number;
	}
	return assemble(above.subarray(0, n), components(above.subarray(0, n), width), width, minPixels);
}

/** For each pixel (rising places in a raster of `width`) the place in the list of its set's root. */
function components(at: Uint32Array, width: number): Uint32Array {
	const parent = Uint32Array.from(at, (_, i) => i);
	const root = (i: number) => {
		let r = i;
		while (parent[r] !== r) {
			parent[r] = parent[parent[r] as number] as number;
			r = parent[r] as number;
		}
		return r;
	};
	const join = (a: number, b: number) => {
		const [ra, rb] = [root(a), root(b)];
		// The earlier pixel is the root: sets stay in raster order.
		if (ra < rb) parent[rb] = ra;
		else parent[ra] = rb;
	};
	let up = 0;
	for (let i = 0; i < at.length; i++) {
		const place = at[i] as number;
		const x = place % width;
		if (x > 0 && i > 0 && at[i - 1] === place - 1) join(i, i - 1);
		const first = place - width - (x > 0 ? 1 : 0);
		const last = place - width + (x < width - 1 ? 1 : 0);
		while (up < i && (at[up] as number) < first) up++;
		for (let j = up; j < i && (at[j] as number) <= last; j++) join(i, j);
	}
	for (let i = 0; i < at.length; i++) parent[i] = root(i);
	return parent;
}

function assemble(
	at: Uint32Array,
	roots: Uint32Array,
	width: number,
	minPixels: number,
): Footprint[] {
	const members = new Map<number, number[]>();
	for (let i = 0; i < at.length; i++) {
		const list = members.get(roots[i] as number);
		if (list) list.push(at[i] as number);
		else members.set(roots[i] as number, [at[i] as number]);
	}
	const found: Footprint[] = [];
	for (const pixels of members.values()) {
		if (pixels.length < minPixels) continue;
		const columns = pixels.map((place) => place % width);
		const x0 = columns.reduce((a, b) => Math.min(a, b), width);
		const x1 = columns.reduce((a, b) => Math.max(a, b), 0);
		const y0 = Math.floor((pixels[0] as number) / width);
		const y1 = Math.floor((pixels.at(-1) as number) / width);
		const wide = x1 - x0 + 1;
		const mask = new Uint8Array(wide * (y1 - y0 + 1));
		for (const place of pixels) {
			mask[(Math.floor(place / width) - y0) * wide + (place % width) - x0] = 1;
		}
		found.push({ ordinal: found.length, x0, y0, height: y1 - y0 + 1, width: wide, mask });
	}
	return found;
}
