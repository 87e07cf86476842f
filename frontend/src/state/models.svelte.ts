/** Model versions of the open dataset. */
import { SvelteMap } from "svelte/reactivity";
import { fetchColumn, type TypedArray } from "../api/binary";
import { fetchJson, sendJson } from "../api/client";
import type { Column } from "../api/types";
import { classesHere } from "../lib/applied";
import type { ModelVersion } from "../lib/modelVersion";
import { type Tested, tested } from "../lib/purity";
import { dataset } from "./dataset.svelte";

/** Class indices by cutout: the label a version was trained on, and its guess while held out. */
export interface Cells {
	label: TypedArray;
	heldOut: TypedArray;
}

class ModelsState {
	#of: number | null = null;
	/** Newest first; null until the list has arrived. */
	list = $state.raw<ModelVersion[] | null>(null);
	#details = new SvelteMap<number, ModelVersion>();
	readonly #asked = new Set<number>();
	#cells = new SvelteMap<number, Cells>();
	#tested = new SvelteMap<number, Tested>();

	async refresh(datasetId: number): Promise<void> {
		if (datasetId !== this.#of) this.list = null;
		this.#of = datasetId;
		const answer = await fetchJson<ModelVersion[]>(`/datasets/${datasetId}/models`);
		if (datasetId === this.#of) this.list = answer;
	}

	/** Everything known about a version; undefined until it has arrived (the read is followed). */
	detail(id: number): ModelVersion | undefined {
		return this.#details.get(id);
	}

	async loadDetail(id: number): Promise<void> {
		if (!this.#details.has(id))
			this.#details.set(id, await fetchJson<ModelVersion>(`/models/${id}`));
	}

	/**
	 * Classes of the version that predicts, in the order of its predictions; empty until known.
	 * Predictions index the classes a version was trained on, not those of the label set.
	 */
	get predictable(): { id: number; name: string }[] {
		const id = dataset.columnByName("predicted")?.model_version_id;
		if (!id) return [];
		const known = this.list?.find((m) => m.id === id) ?? this.#details.get(id);
		if (!known && !this.#asked.has(id)) {
			this.#asked.add(id);
			queueMicrotask(() => void this.loadDetail(id).catch(() => this.#asked.delete(id)));
		}
		return known ? this.classesOf(known) : [];
	}

	/** Classes of a version; one of another dataset meets those here by name, id 0 where none fits. */
	classesOf(model: ModelVersion): { id: number; name: string }[] {
		if (model.dataset_id === dataset.id) return model.classes;
		return classesHere(model.classes, dataset.classes);
	}

	/** What the active model thinks of a cutout; null while on its way, or without a model. */
	suggestion(ordinal: number): { classId: number; name: string; probability: number } | null {
		const index = dataset.values("predicted")?.[ordinal] ?? -1;
		const of = this.predictable[index];
		const probability = dataset.values("confidence")?.[ordinal] ?? Number.NaN;
		return of ? { classId: of.id, name: of.name, probability } : null;
	}

	/** What stands in the cells of a version's confusion matrix; undefined until it has arrived. */
	cells(id: number): Cells | undefined {
		return this.#cells.get(id);
	}

	async loadCells(id: number): Promise<void> {
		if (this.#cells.has(id)) return;
		const own = await this.loadColumns(id);
		const label = own.find((c) => c.name === "snapshot_class");
		const heldOut = own.find((c) => c.name === "held_out_class");
		if (!label || !heldOut) return;
		const [a, b] = await Promise.all([
			fetchColumn(label.id, label.revision),
			fetchColumn(heldOut.id, heldOut.revision),
		]);
		this.#cells.set(id, { label: a, heldOut: b });
	}

	/** What was held out of a version's training; undefined until it has arrived. */
	tested(id: number): Tested | undefined {
		return this.#tested.get(id);
	}

	/** Fetch held-out probabilities; versions of before they were kept have none. */
	async loadTested(id: number, classes: number): Promise<void> {
		if (this.#tested.has(id)) return;
		const own = await this.loadColumns(id);
		const [probability, label, judged] = ["held_out_probability", "snapshot_class", "judged"].map(
			(name) => own.find((c) => c.name === name),
		);
		if (!probability || !label) return;
		const [p, l, j] = await Promise.all([
			fetchColumn(probability.id, probability.revision),
			fetchColumn(label.id, label.revision),
			judged ? fetchColumn(judged.id, judged.revision) : undefined,
		]);
		this.#tested.set(id, tested(l, p, classes, j));
	}

	/** Columns a version published, whether it is active or not. */
	async loadColumns(id: number): Promise<Column[]> {
		const all = await fetchJson<Column[]>(`/datasets/${dataset.id}/columns?all=true`);
		return all.filter((c) => c.model_version_id === id);
	}

	/** Make a version the one whose predictions and map the dataset shows. */
	async activate(id: number): Promise<void> {
		await sendJson("POST", `/models/${id}/activate`);
		await dataset.refresh();
		await dataset.refreshColumns();
	}

	async rename(id: number, name: string): Promise<void> {
		await sendJson("PATCH", `/models/${id}`, { name });
		const known = this.#details.get(id);
		if (known) this.#details.set(id, { ...known, name });
		this.list = this.list?.map((m) => (m.id === id ? { ...m, name } : m)) ?? null;
	}
}

export const models = new ModelsState();
