/** Exposures of the open dataset and the footprints found on them. */
import { SvelteMap } from "svelte/reactivity";
import { type Footprint, fetchFootprints } from "../api/binary";
import { fetchJson } from "../api/client";
import type { components } from "../api/schema.gen";

/** As the server sends it: it fills in every default, which its description calls optional. */
type Filled<T> = T extends (infer U)[]
	? Filled<U>[]
	: T extends object
		? { [K in keyof T]-?: Filled<T[K]> }
		: T;
export type Exposure = Filled<components["schemas"]["Exposure"]>;
export type History = Filled<components["schemas"]["History"]>;

class ExposuresState {
	#of: number | null = null;
	/** In dataset order; null until the list has arrived. */
	list = $state.raw<Exposure[] | null>(null);
	#details = new SvelteMap<number, Exposure>();
	#histories = new SvelteMap<number, History>();
	#footprints = new SvelteMap<number, Footprint[]>();

	async refresh(datasetId: number): Promise<void> {
		if (datasetId !== this.#of) this.list = null;
		this.#of = datasetId;
		const answer = await fetchJson<Exposure[]>(`/datasets/${datasetId}/exposures`);
		if (datasetId === this.#of) this.list = answer;
	}

	/** Footprints of an exposure; undefined until they have arrived (the read is followed). */
	footprints(id: number): Footprint[] | undefined {
		return this.#footprints.get(id);
	}

	/** The exposure with its header; undefined until it has arrived (the read is followed). */
	detail(id: number): Exposure | undefined {
		return this.#details.get(id);
	}

	/** What was done to it; undefined until it has arrived (the read is followed). */
	history(id: number): History | undefined {
		return this.#histories.get(id);
	}

	/** Which of the dataset's pictures an exposure's footprints were read beside. */
	#readAt = new Map<number, number>();

	async load(id: number, pictures = 0): Promise<void> {
		if (this.#footprints.has(id) && this.#readAt.get(id) === pictures) return;
		this.#readAt.set(id, pictures);
		const [detail, history, footprints] = await Promise.all([
			fetchJson<Exposure>(`/exposures/${id}`),
			fetchJson<History>(`/exposures/${id}/history`),
			fetchFootprints(id),
		]);
		this.#histories.set(id, history);
		this.#details.set(id, detail);
		this.#footprints.set(id, footprints);
	}
}

export const exposures = new ExposuresState();
