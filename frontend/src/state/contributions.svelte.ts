/** What each number contributed to the answers of gradient-boosted trees, fetched row by row. */
import { SvelteMap } from "svelte/reactivity";
import { fetchColumnRows, type TypedArray } from "../api/binary";
import type { Column } from "../api/types";
import type { ModelVersion } from "../lib/modelVersion";
import { spread } from "../lib/shap";
import { dataset } from "./dataset.svelte";
import { models } from "./models.svelte";

/** Rows in memory at most; a row is some kilobytes. */
const KEPT = 200;
/** A sample is fetched as this many runs of neighbouring rows. */
const RUNS = 25;

export interface Sample {
	ordinals: number[];
	/** One row of Shapley values per ordinal. */
	rows: TypedArray[];
}

class ContributionsState {
	#rows = new SvelteMap<string, TypedArray>();
	readonly #asked = new Set<string>();
	#samples = new SvelteMap<number, Sample>();

	/** The column shown: of the active model where it is of trees, else of the newest such one. */
	get column(): Column | undefined {
		return dataset.columnByName("shap");
	}

	/** The version that is explained; undefined until it has arrived (the read is followed). */
	get model(): ModelVersion | undefined {
		const id = this.column?.model_version_id;
		if (!id) return undefined;
		const known = models.detail(id);
		const key = `model ${id}`;
		if (!known && !this.#asked.has(key)) {
			this.#asked.add(key);
			queueMicrotask(() => void models.loadDetail(id).catch(() => this.#asked.delete(key)));
		}
		return known;
	}

	/** Values of one cutout; undefined while on their way, null where they were not computed. */
	row(ordinal: number): TypedArray | null | undefined {
		const column = this.column;
		if (!column || ordinal < 0 || ordinal >= column.n) return null;
		const key = `${column.id} ${column.revision} ${ordinal}`;
		const known = this.#rows.get(key);
		if (!known && !this.#asked.has(key)) {
			this.#asked.add(key);
			queueMicrotask(() => void this.#load(column, ordinal, key));
		}
		return known;
	}

	async #load(column: Column, ordinal: number, key: string): Promise<void> {
		try {
			const row = await fetchColumnRows(column.id, ordinal, ordinal + 1, column.revision);
			const oldest = this.#rows.keys().next().value;
			if (this.#rows.size >= KEPT && oldest !== undefined) {
				this.#rows.delete(oldest);
				this.#asked.delete(oldest);
			}
			this.#rows.set(key, row);
		} catch {
			this.#asked.delete(key);
		}
	}

	/** Rows of a version over its whole length; undefined until `loadSample` is through. */
	sample(modelId: number): Sample | undefined {
		return this.#samples.get(modelId);
	}

	async loadSample(modelId: number, most: number): Promise<void> {
		if (this.#samples.has(modelId)) return;
		const column = (await models.loadColumns(modelId)).find((c) => c.name === "shap");
		if (!column) return;
		const runs = column.n <= most ? [0] : spread(column.n, RUNS);
		const length = column.n <= most ? column.n : Math.floor(most / RUNS);
		const parts = await Promise.all(
			runs.map(async (start) => ({
				start,
				values: await fetchColumnRows(column.id, start, start + length, column.revision),
			})),
		);
		const sample: Sample = { ordinals: [], rows: [] };
		for (const { start, values } of parts) {
			for (let i = 0; (i + 1) * column.width <= values.length; i++) {
				sample.ordinals.push(start + i);
				sample.rows.push(values.subarray(i * column.width, (i + 1) * column.width));
			}
		}
		this.#samples.set(modelId, sample);
	}
}

export const contributions = new ContributionsState();
