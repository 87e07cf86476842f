/** Labels to look at again: suspects of confident learning, and one's own for a blind repeat. */
import { api, given } from "../api/client";
import type { LabelClass } from "../api/types";
import { progress, suspects } from "../lib/orders";
import { load, save } from "../lib/stored";
import { dataset } from "./dataset.svelte";
import { log } from "./labels.svelte";
import { models } from "./models.svelte";

/** A label comes up for a blind repeat once this many others were given after it. */
export const REPEAT_AFTER = 50;

class ChecksState {
	/** Hide the old label and what the model says while suspects are checked. */
	blind = $state(load("review.blind", false));
	/** Rises when the cutouts to look at again changed, but not with each answer. */
	revision = $state(0);
	#reviews = $state.raw<ReadonlyMap<number, boolean>>(new Map());
	/** Reviews of this session by the key of their action: an undo takes them back. */
	#session = $state.raw<ReadonlyMap<string, { ordinal: number; changed: boolean }>>(new Map());
	/** Cutouts for a blind repeat, in the order of the draw; null until asked for. */
	repeats = $state.raw<Int32Array | null>(null);
	nRepeatable = $state(0);
	#repeated = new Set<number>();
	#drawing = false;
	#of: number | null = null;
	#suspects = $derived.by(() => {
		const doubt = dataset.columnByName("label_doubt") && dataset.values("label_doubt");
		return doubt ? suspects(doubt) : null;
	});

	/** Suspect labels, the most doubtful first; null while unknown. */
	get suspects(): Int32Array | null {
		return this.#suspects;
	}

	get reviews(): ReadonlyMap<number, boolean> {
		const known = new Map(this.#reviews);
		for (const { ordinal, changed } of this.#session.values())
			known.set(ordinal, changed || (known.get(ordinal) ?? false));
		return known;
	}

	/** How far the suspects are through. */
	get progress() {
		return progress(this.#suspects ?? new Int32Array(0), this.reviews);
	}

	isOpen(ordinal: number): boolean {
		if (this.#reviews.has(ordinal)) return false;
		for (const one of this.#session.values()) if (one.ordinal === ordinal) return false;
		return true;
	}

	isRepeatable(ordinal: number): boolean {
		return !this.#repeated.has(ordinal) && (dataset.overlay.labels[ordinal] ?? 0) > 0;
	}

	toggleBlind(): void {
		this.blind = !this.blind;
		save("review.blind", this.blind);
	}

	doubt(ordinal: number): number {
		return Number(dataset.values("label_doubt")?.[ordinal] ?? Number.NaN);
	}

	/** What the model says of a cutout without having seen its label. */
	heldOut(ordinal: number): { labelClass: LabelClass; probability: number | null } | null {
		const index = Number(dataset.values("held_out_class")?.[ordinal] ?? -1);
		const labelClass = dataset.classById(models.predictable[index]?.id ?? -1);
		if (!labelClass) return null;
		const column = dataset.columnByName("held_out_probability");
		const values = column && dataset.values("held_out_probability");
		const probability = values ? Number(values[ordinal * column.width + index]) : Number.NaN;
		return { labelClass, probability: Number.isFinite(probability) ? probability : null };
	}

	/** A review was recorded under this key. */
	reviewed(key: string, ordinal: number, changed: boolean): void {
		this.#session = new Map(this.#session).set(key, { ordinal, changed });
	}

	repeated(ordinal: number): void {
		this.#repeated.add(ordinal);
	}

	/** After an undo or redo: what of this session still stands. */
	settle(): void {
		const standing = new Set(log.done.map((done) => done.key));
		const kept = [...this.#session].filter(([key]) => standing.has(key));
		const gone = kept.length < this.#session.size;
		if (gone) this.#session = new Map(kept);
		// A review of an earlier session may have been undone as well: the server knows.
		if (gone || this.#reviews.size) setTimeout(() => void this.load(true).catch(() => {}), 1500);
	}

	/** Fetch what was reviewed before; `again` also where it is known. */
	async load(again = false): Promise<void> {
		const id = dataset.id;
		if (id === null || (this.#of === id && !again)) return;
		if (this.#of !== id) {
			this.#session = new Map();
			this.#reviews = new Map();
			this.repeats = null;
			this.#repeated.clear();
		}
		this.#of = id;
		const found = await given(
			api.GET("/api/v1/datasets/{dataset_id}/labels/reviews", {
				params: { path: { dataset_id: id } },
			}),
		);
		if (dataset.id !== id) return;
		this.#reviews = new Map(found.ordinals.map((o, i) => [o, found.changed[i] ?? false]));
		this.revision++;
	}

	/** Draw cutouts that this annotator judged some time ago. */
	async drawRepeats(): Promise<void> {
		const id = dataset.id;
		if (id === null || this.#drawing) return;
		this.#drawing = true;
		try {
			await this.#draw(id);
		} finally {
			this.#drawing = false;
		}
	}

	async #draw(id: number): Promise<void> {
		const seed = 1 + Math.floor(Math.random() * 999_999);
		const found = await given(
			api.GET("/api/v1/datasets/{dataset_id}/labels/repeatable", {
				params: { path: { dataset_id: id }, query: { gap: REPEAT_AFTER, seed } },
			}),
		);
		if (dataset.id !== id) return;
		this.#repeated.clear();
		this.nRepeatable = found.total;
		this.repeats = Int32Array.from(found.ordinals);
		this.revision++;
	}
}

export const checks = new ChecksState();
