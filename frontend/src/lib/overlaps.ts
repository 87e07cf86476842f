/**
 * Which footprints of a new detection are which of another, by the pixels they have in common: the
 * pair that shares most first, then the next of which neither is matched yet. The server does the
 * same (`imaging/overlaps.py`); here it says what would happen.
 */
import type { Box } from "./footprints";

/** Footprint by pixel (y * width + x); of footprints that share a pixel the first has it. */
export type PixelOwners = Map<number, number>;

export function ownersOf(footprints: readonly Box[], width: number): PixelOwners {
	const owners: PixelOwners = new Map();
	footprints.forEach((box, number) => {
		for (const place of pixelsOf(box, width)) if (!owners.has(place)) owners.set(place, number);
	});
	return owners;
}

function* pixelsOf(box: Box, width: number): Generator<number> {
	for (let i = 0; i < box.mask.length; i++) {
		if (box.mask[i]) yield (box.y0 + Math.floor(i / box.width)) * width + box.x0 + (i % box.width);
	}
}

/**
 * The place among the old footprints of each new one, -1 for none.
 *
 * @param owners of the old footprints
 */
export function matchFootprints(
	owners: PixelOwners,
	found: readonly Box[],
	width: number,
): Int32Array {
	const pairs: { old: number; own: number; shared: number }[] = [];
	found.forEach((box, own) => {
		const counts = new Map<number, number>();
		for (const place of pixelsOf(box, width)) {
			const old = owners.get(place);
			if (old !== undefined) counts.set(old, (counts.get(old) ?? 0) + 1);
		}
		for (const [old, shared] of counts) pairs.push({ old, own, shared });
	});
	pairs.sort((a, b) => b.shared - a.shared || a.own - b.own || a.old - b.old);
	const partner = new Int32Array(found.length).fill(-1);
	const taken = new Set<number>();
	for (const { old, own } of pairs) {
		if (partner[own] !== -1 || taken.has(old)) continue;
		partner[own] = old;
		taken.add(old);
	}
	return partner;
}
