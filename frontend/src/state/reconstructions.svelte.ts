/** What an autoencoder saw and what it made of it, for the cutouts in sight. */
import { SvelteMap, SvelteSet } from "svelte/reactivity";
import { asArray } from "../api/binary";
import { fetchBytes } from "../api/client";
import type { Column } from "../api/types";
import { dataset } from "./dataset.svelte";

export interface Reconstruction {
	input: Uint8Array;
	output: Uint8Array;
}

/** A gap of so many cutouts between two wanted ones is cheaper to fetch than to ask twice. */
const BRIDGE = 4;
const KEEP = 2000;

/** Columns with the images of one autoencoder. */
export interface Pair {
	input: Column;
	output: Column;
}

export class Reconstructions {
	readonly #pair: () => Pair | null;
	#known = new SvelteMap<number, Reconstruction>();
	#asked = new SvelteSet<number>();
	#of = "";

	/** @param pair names the columns; asked at every look, they may change */
	constructor(pair: () => Pair | null) {
		this.#pair = pair;
	}

	get(ordinal: number): Reconstruction | undefined {
		return this.#known.get(ordinal);
	}

	/** How many cutouts, from the first, have a pair. */
	get n(): number {
		const pair = this.#pair();
		return pair ? Math.min(pair.input.n, pair.output.n) : 0;
	}

	/**
	 * Height, width and channels of the pairs, null where no autoencoder was trained. Both columns
	 * carry the shape as "64x64x1" in their description.
	 */
	get shape(): readonly [number, number, number] | null {
		const pair = this.#pair();
		return pair ? shapeOf(pair.input.description, pair.input.width) : null;
	}

	/** Fetch these cutouts' pairs by short ranges; the whole columns may be gigabytes. */
	async load(ordinals: readonly number[]): Promise<void> {
		const pair = this.#pair();
		if (!pair) return;
		const { input, output } = pair;
		const of = [input.id, input.revision, output.id, output.revision].join();
		if (of !== this.#of) {
			this.#known.clear();
			this.#asked.clear();
			this.#of = of;
		}
		const wanted = ordinals.filter((o) => o < input.n && o < output.n && !this.#asked.has(o));
		for (const o of wanted) this.#asked.add(o);
		await Promise.all(ranges(wanted, BRIDGE).map((r) => this.#fetch(of, input, output, r)));
	}

	async #fetch(of: string, input: Column, output: Column, [start, stop]: Range): Promise<void> {
		try {
			const [a, b] = await Promise.all([part(input, start, stop), part(output, start, stop)]);
			if (of !== this.#of) return;
			for (let o = start; o < stop; o++) {
				const at = (o - start) * input.width;
				this.#known.set(o, {
					input: a.subarray(at, at + input.width),
					output: b.subarray(at, at + output.width),
				});
			}
			for (const oldest of this.#known.keys()) {
				if (this.#known.size <= KEEP) break;
				this.#known.delete(oldest);
				this.#asked.delete(oldest);
			}
		} catch {
			for (let o = start; o < stop; o++) this.#asked.delete(o);
		}
	}
}

/** Read a shape such as "64x64x1" or "[64, 64, 1]" from a text; a square is taken where none fits. */
export function shapeOf(text: string, width: number): readonly [number, number, number] {
	const numbers = text.match(/\d+/g)?.map(Number) ?? [];
	for (let i = 0; i < numbers.length; i++) {
		const [h = 0, w = 0, c = 1] = numbers.slice(i, i + 3);
		if (h * w * c === width && c <= 4) return [h, w, c];
		if (h * w === width) return [h, w, 1];
	}
	const channels = Number.isInteger(Math.sqrt(width)) ? 1 : 3;
	const side = Math.floor(Math.sqrt(width / channels));
	return [side, side, channels];
}

type Range = [start: number, stop: number];

/** Half-open ranges that cover the numbers, gaps up to `bridge` included. */
export function ranges(numbers: readonly number[], bridge: number): Range[] {
	const found: Range[] = [];
	for (const n of [...numbers].sort((a, b) => a - b)) {
		const last = found.at(-1);
		if (last && n <= last[1] + bridge) last[1] = n + 1;
		else found.push([n, n + 1]);
	}
	return found;
}

async function part(column: Column, start: number, stop: number): Promise<Uint8Array> {
	const path = `/columns/${column.id}/values?start=${start}&stop=${stop}&revision=${column.revision}`;
	const response = await fetchBytes(path);
	return asArray(await response.arrayBuffer(), "uint8") as Uint8Array;
}

/** Those of the newest autoencoder, which the galleries show. */
export const reconstructions = new Reconstructions(() => {
	const input = dataset.columnByName("model_input");
	const output = dataset.columnByName("reconstruction");
	return input && output ? { input, output } : null;
});
