/** Jobs of one kind in the open dataset, those too that the list of newest jobs has left behind. */
import { api, given } from "../api/client";
import type { Job } from "../api/types";
import { dataset } from "./dataset.svelte";
import { isActive, jobs } from "./jobs.svelte";

export class PastJobs {
	readonly kind: string;
	#past = $state.raw<Job[]>([]);
	#loaded: number | null = null;

	constructor(kind: string) {
		this.kind = kind;
	}

	/** Newest first. */
	get list(): Job[] {
		const known = new Map(this.#past.map((job) => [job.id, job]));
		for (const job of jobs.list) known.set(job.id, job);
		return [...known.values()]
			.filter((job) => job.kind === this.kind && job.dataset_id === dataset.id)
			.sort((a, b) => b.id - a.id);
	}

	get succeeded(): Job[] {
		return this.list.filter((job) => job.state === "succeeded");
	}

	get running(): Job | null {
		return this.list.find(isActive) ?? null;
	}

	/** The last one where it failed. */
	get failed(): Job | null {
		const last = this.list[0];
		return last?.state === "failed" ? last : null;
	}

	/** Read them once per dataset. Call from an effect. */
	load(datasetId: number | null): void {
		if (datasetId === null || datasetId === this.#loaded) return;
		this.#loaded = datasetId;
		given(api.GET("/api/v1/jobs", { params: { query: { dataset_id: datasetId, limit: 500 } } }))
			.then((found) => {
				this.#past = found.filter((job) => job.kind === this.kind);
			})
			.catch(() => {
				this.#loaded = null;
			});
	}
}
