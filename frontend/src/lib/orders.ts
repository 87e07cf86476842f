/** Orders in which cutouts come up for labelling. */

export type Order = "typical" | "uncertain" | "random" | "imported" | "review" | "repeat";

/** mulberry32 (T. Ettinger, public domain): the same seed gives the same order everywhere. */
export function generator(seed: number): () => number {
	let state = seed >>> 0;
	return () => {
		state = (state + 0x6d2b79f5) >>> 0;
		let t = state;
		t = Math.imul(t ^ (t >>> 15), t | 1);
		t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
		return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
	};
}

/** All ordinals in the order of the import. */
export function imported(n: number): Int32Array {
	return Int32Array.from({ length: n }, (_, i) => i);
}

/** 0 … n-1 in an order that only the seed decides (Fisher and Yates). */
export function shuffled(n: number, seed: number): Int32Array {
	const random = generator(seed);
	const out = imported(n);
	for (let i = n - 1; i > 0; i--) {
		const j = Math.floor(random() * (i + 1));
		const a = out[i] as number;
		out[i] = out[j] as number;
		out[j] = a;
	}
	return out;
}

/** A sequence of cutouts, and which of them are drawn at random. */
export interface Sequence {
	ordinals: Int32Array;
	/**
	 * By ordinal: how far into the shuffled order of all cutouts the draw has come once this one is
	 * served, from 1; 0 for a cutout that is not drawn.
	 */
	places: Int32Array;
}

/** All cutouts in the order that `seed` draws them in. */
export function drawn(n: number, seed: number): Sequence {
	const ordinals = shuffled(n, seed);
	const places = new Int32Array(n);
	ordinals.forEach((o, i) => {
		places[o] = i + 1;
	});
	return { ordinals, places };
}

/**
 * A chosen order in which every `every`-th cutout is drawn at random instead, so that there is
 * always an unbiased set to judge a model on. The draw goes through one shuffled order of the whole
 * dataset and passes over what has its label or came up before: its places, kept with the labels,
 * say who belongs to the draw. Cutouts that are not wanted stand at the end, undrawn.
 */
export function withDraws(
	chosen: Int32Array,
	seed: number,
	every: number,
	wanted: (ordinal: number) => boolean,
): Sequence {
	const n = chosen.length;
	const places = new Int32Array(n);
	if (every < 1) return { ordinals: chosen, places };
	const draw = shuffled(n, seed);
	const taken = new Uint8Array(n);
	const ordinals = new Int32Array(n);
	let served = 0;
	let next = 0;
	let at = 0;
	while (next < n) {
		const o = chosen[next] as number;
		if (taken[o] || !wanted(o)) {
			next++;
			continue;
		}
		let pick = o;
		if (served % every === every - 1) {
			while (taken[draw[at] as number] || !wanted(draw[at] as number)) at++;
			pick = draw[at++] as number;
			places[pick] = at;
		}
		taken[pick] = 1;
		ordinals[served++] = pick;
	}
	for (let i = 0; i < n; i++) {
		const o = chosen[i] as number;
		if (!taken[o]) ordinals[served++] = o;
	}
	return { ordinals, places };
}

/** Doubts above this are the suspects of confident learning. */
const SUSPECT = 1;

/** Cutouts whose label is suspect, the most doubtful first. */
export function suspects(doubt: ArrayLike<number>): Int32Array {
	const found: number[] = [];
	for (let o = 0; o < doubt.length; o++) if ((doubt[o] as number) > SUSPECT) found.push(o);
	return Int32Array.from(
		found.sort((a, b) => (doubt[b] as number) - (doubt[a] as number) || a - b),
	);
}

export interface Checked {
	suspects: number;
	checked: number;
	changed: number;
}

/** How far the suspects are through; `reviews` holds for each reviewed cutout whether it changed. */
export function progress(ordinals: Int32Array, reviews: ReadonlyMap<number, boolean>): Checked {
	let checked = 0;
	let changed = 0;
	for (const o of ordinals) {
		const was = reviews.get(o);
		if (was === undefined) continue;
		checked++;
		if (was) changed++;
	}
	return { suspects: ordinals.length, checked, changed };
}
