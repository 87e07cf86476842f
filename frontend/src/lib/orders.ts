/** Orders in which cutouts come up for labelling. Pure: columns in, ordinals out. */
import type { TypedArray } from "../api/binary";

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

/** 0 … n-1 in an order that only the seed decides (Fisher and Yates). */
export function shuffled(n: number, seed: number): Int32Array {
	const random = generator(seed);
	const out = Int32Array.from({ length: n }, (_, i) => i);
	for (let i = n - 1; i > 0; i--) {
		const j = Math.floor(random() * (i + 1));
		const a = out[i] as number;
		out[i] = out[j] as number;
		out[j] = a;
	}
	return out;
}

/** 0 … n-1 by falling value; ties in import order; undefined values and missing ones last. */
export function byValue(n: number, values: TypedArray): Int32Array {
	const keys = Float64Array.from({ length: n }, (_, i) => {
		const value = i < values.length ? (values[i] as number) : Number.NaN;
		return Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value;
	});
	const out = Int32Array.from({ length: n }, (_, i) => i);
	return out.sort((a, b) => {
		const x = keys[a] as number;
		const y = keys[b] as number;
		return x === y ? a - b : y > x ? 1 : -1;
	});
}
