/** Orders in which cutouts come up for labelling. */

export type Order = "typical" | "uncertain" | "random" | "imported";

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
