/** Model versions of the open dataset. */
import { SvelteMap } from "svelte/reactivity";
import { fetchJson, sendJson } from "../api/client";
import type { ModelVersion } from "../lib/modelVersion";
import { dataset } from "./dataset.svelte";

class ModelsState {
	/** Newest first; null until the list has arrived. */
	list = $state.raw<ModelVersion[] | null>(null);
	#details = new SvelteMap<number, ModelVersion>();

	async refresh(datasetId: number): Promise<void> {
		const answer = await fetchJson<ModelVersion[] | { items: ModelVersion[] }>(
			`/datasets/${datasetId}/models`,
		);
		const list = Array.isArray(answer) ? answer : answer.items;
		this.list = [...list].sort((a, b) => b.number - a.number);
	}

	clear(): void {
		this.list = null;
		this.#details.clear();
	}

	/** Everything known about a version; undefined until it has arrived (the read is followed). */
	detail(id: number): ModelVersion | undefined {
		return this.#details.get(id);
	}

	async loadDetail(id: number): Promise<void> {
		if (!this.#details.has(id))
			this.#details.set(id, await fetchJson<ModelVersion>(`/models/${id}`));
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
