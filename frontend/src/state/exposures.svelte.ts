/** Exposures of the open dataset and the footprints found on them. */
import { SvelteMap } from "svelte/reactivity";
import { type Footprint, fetchFootprints } from "../api/binary";
import { fetchJson } from "../api/client";

export interface Amplifier {
	x0: number;
	y0: number;
	w: number;
	h: number;
	baseline: number | null;
	noise: number | null;
	overscan: string | number | boolean | null;
}

export interface Exposure {
	id: number;
	ordinal: number;
	name: string;
	height: number;
	width: number;
	unit: string;
	n_footprints: number;
	calibration: {
		amplifiers?: Amplifier[];
		threshold?: { value: number; unit: string };
		bias?: unknown;
		dark?: unknown;
		[fact: string]: unknown;
	};
	header?: Record<string, unknown> | null;
}

class ExposuresState {
	#of: number | null = null;
	/** In dataset order; null until the list has arrived. */
	list = $state.raw<Exposure[] | null>(null);
	#details = new SvelteMap<number, Exposure>();
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

	async load(id: number): Promise<void> {
		if (this.#footprints.has(id)) return;
		const [detail, footprints] = await Promise.all([
			fetchJson<Exposure>(`/exposures/${id}`),
			fetchFootprints(id),
		]);
		this.#details.set(id, detail);
		this.#footprints.set(id, footprints);
	}
}

export const exposures = new ExposuresState();
