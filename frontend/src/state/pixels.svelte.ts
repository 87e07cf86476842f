/** Pixels of cutouts near the screen, fetched in batches and kept while memory allows. */
import { createSubscriber } from "svelte/reactivity";
import { type CutoutPixels, fetchPixels } from "../api/binary";
import { LruCache } from "../lib/lru";
import { app } from "./app.svelte";
import { dataset } from "./dataset.svelte";

/** 256 MB of pixels: some 30,000 track-sized cutouts. */
const LIMIT_BYTES = 256 * 1024 * 1024;
const BATCH = 128;
/** A batch of large images is made smaller, so that the first of them comes soon. */
const BATCH_BYTES = 8 * 1024 * 1024;
const PARALLEL = 3;

class PixelCache {
	#cache = new LruCache<number, CutoutPixels>(LIMIT_BYTES);
	#datasetId: number | null = null;
	#pictures = 0;
	#wanted = new Set<number>();
	#inFlight = new Set<number>();
	#waiting = new Map<number, { tell: () => void; subscribe: () => void }>();
	#requests = 0;
	/** Size of an image, learnt as they come; at first a guess that makes the first batch small. */
	#meanBytes = BATCH_BYTES / 24;
	#scheduled = false;

	/** Pixels of one cutout; undefined until they have arrived (the read is followed). */
	get(ordinal: number): CutoutPixels | undefined {
		this.#checkDataset();
		const known = this.#cache.get(ordinal);
		if (known) return known;
		this.#follow(ordinal);
		if (ordinal >= 0) this.prefetch([ordinal]);
		return undefined;
	}

	/** The same without a fetch and without following. */
	peek(ordinal: number): CutoutPixels | undefined {
		this.#checkDataset();
		return this.#cache.get(ordinal);
	}

	/** Have these cutouts at hand soon; the ones asked for last come first. */
	prefetch(ordinals: ArrayLike<number>): void {
		this.#checkDataset();
		for (let i = ordinals.length - 1; i >= 0; i--) {
			const o = ordinals[i] as number;
			if (o < 0 || this.#cache.has(o) || this.#inFlight.has(o)) continue;
			this.#wanted.delete(o);
			this.#wanted.add(o);
		}
		if (this.#wanted.size === 0 || this.#scheduled) return;
		this.#scheduled = true;
		queueMicrotask(() => {
			this.#scheduled = false;
			this.#pump();
		});
	}

	#checkDataset(): void {
		if (app.datasetId === this.#datasetId && dataset.pictures === this.#pictures) return;
		this.#datasetId = app.datasetId;
		this.#pictures = dataset.pictures;
		this.#cache.clear();
		this.#wanted.clear();
		this.#inFlight.clear();
		this.#waiting.clear();
	}

	#follow(ordinal: number): void {
		let entry = this.#waiting.get(ordinal);
		if (!entry) {
			let tell = () => {};
			const subscribe = createSubscriber((update) => {
				tell = update;
				return () => this.#waiting.delete(ordinal);
			});
			entry = { tell: () => tell(), subscribe };
			this.#waiting.set(ordinal, entry);
		}
		entry.subscribe();
	}

	#pump(): void {
		while (this.#requests < PARALLEL && this.#wanted.size > 0) {
			const most = Math.min(BATCH, Math.max(1, Math.floor(BATCH_BYTES / this.#meanBytes)));
			const batch = [...this.#wanted].slice(-most).reverse();
			for (const o of batch) {
				this.#wanted.delete(o);
				this.#inFlight.add(o);
			}
			void this.#fetch(batch);
		}
		// A fast scroll leaves wishes behind that nobody looks at any more.
		if (this.#wanted.size > 4096) this.#wanted = new Set([...this.#wanted].slice(-1024));
	}

	async #fetch(batch: number[]): Promise<void> {
		const id = this.#datasetId;
		const pictures = this.#pictures;
		if (id === null) return;
		this.#requests++;
		try {
			const items = await fetchPixels(id, batch);
			if (id !== this.#datasetId || pictures !== this.#pictures) return;
			let sum = 0;
			for (const item of items) {
				const bytes = item.pixels.byteLength + (item.mask?.byteLength ?? 0) + 200;
				sum += bytes;
				this.#cache.set(item.ordinal, item, bytes);
				const waiting = this.#waiting.get(item.ordinal);
				this.#waiting.delete(item.ordinal);
				waiting?.tell();
			}
			if (items.length > 0) this.#meanBytes = (this.#meanBytes + sum / items.length) / 2;
		} catch {
			// Offline: whoever still looks asks again when the connection is back.
			if (id === this.#datasetId) setTimeout(() => this.#retry(batch), 1500);
		} finally {
			for (const o of batch) this.#inFlight.delete(o);
			this.#requests--;
			this.#pump();
		}
	}

	#retry(batch: number[]): void {
		const seen = batch.filter((o) => this.#waiting.has(o));
		if (seen.length > 0 && dataset.id === this.#datasetId) this.prefetch(seen);
	}
}

export const pixelCache = new PixelCache();
