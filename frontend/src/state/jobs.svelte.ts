/** Jobs of the open dataset: the list, what runs, and the three things one does with a job. */
import { api, given } from "../api/client";
import type { Job } from "../api/types";
import { uuid } from "../lib/uuid";
import { app } from "./app.svelte";

const ACTIVE = new Set(["queued", "running", "cancelling"]);

export function isActive(job: Job): boolean {
	return ACTIVE.has(job.state);
}

function at(id: number) {
	return { params: { path: { job_id: id } } };
}

class JobsState {
	/** Newest first. */
	list = $state.raw<Job[]>([]);
	/** The job to show in the bar: one that runs, else one that waits. */
	running = $derived(
		this.list.find((job) => job.state === "running" || job.state === "cancelling") ??
			this.list.find((job) => job.state === "queued") ??
			null,
	);
	nActive = $derived(this.list.filter(isActive).length);
	#timer: ReturnType<typeof setInterval> | undefined;

	byId(id: number): Job | undefined {
		return this.list.find((job) => job.id === id);
	}

	async refresh(datasetId: number | null = app.datasetId): Promise<void> {
		const query = datasetId === null ? { limit: 50 } : { limit: 50, dataset_id: datasetId };
		this.list = await given(api.GET("/api/v1/jobs", { params: { query } }));
		this.#watch(datasetId);
	}

	clear(): void {
		clearInterval(this.#timer);
		this.#timer = undefined;
		this.list = [];
	}

	/** Start a job; the same click never starts two, the key is made once per call (or given). */
	async start(
		kind: string,
		params: Record<string, unknown>,
		datasetId: number | null = app.datasetId,
		key: string = uuid(),
	): Promise<Job> {
		if (datasetId === null) throw new Error("Open a dataset first.");
		const job = await given(
			api.POST("/api/v1/jobs", { body: { kind, dataset_id: datasetId, params, key } }),
		);
		this.#put(job);
		return job;
	}

	async cancel(id: number): Promise<void> {
		this.#put(await given(api.POST("/api/v1/jobs/{job_id}/cancel", at(id))));
	}

	async retry(id: number): Promise<Job> {
		const job = await given(api.POST("/api/v1/jobs/{job_id}/retry", at(id)));
		this.#put(job);
		return job;
	}

	/** One job with its curve. */
	async detail(id: number): Promise<Job> {
		const job = await given(api.GET("/api/v1/jobs/{job_id}", at(id)));
		this.#put(job);
		return job;
	}

	#put(job: Job): void {
		if (job.dataset_id !== null && app.datasetId !== null && job.dataset_id !== app.datasetId)
			return;
		const rest = this.list.filter((other) => other.id !== job.id);
		this.list = [...rest, job].sort((a, b) => b.id - a.id);
		this.#watch(app.datasetId);
	}

	/** The events say when something changed; a slow look beside them covers a broken stream. */
	#watch(datasetId: number | null): void {
		const needed = this.list.some(isActive);
		if (needed && this.#timer === undefined) {
			this.#timer = setInterval(() => void this.refresh(datasetId).catch(() => {}), 4000);
		} else if (!needed) {
			clearInterval(this.#timer);
			this.#timer = undefined;
		}
	}
}

export const jobs = new JobsState();
