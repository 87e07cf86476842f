/** Jobs of the open dataset: the list, what runs, and the three things one does with a job. */
import { fetchJson, sendJson } from "../api/client";
import type { Job } from "../api/types";
import { uuid } from "../lib/uuid";
import { app } from "./app.svelte";

const ACTIVE = new Set(["queued", "running", "cancelling"]);

export function isActive(job: Job): boolean {
	return ACTIVE.has(job.state);
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
		const query = datasetId === null ? "" : `&dataset_id=${datasetId}`;
		const answer = await fetchJson<Job[] | { items: Job[] }>(`/jobs?limit=50${query}`);
		this.list = Array.isArray(answer) ? answer : answer.items;
		this.#watch(datasetId);
	}

	clear(): void {
		clearInterval(this.#timer);
		this.#timer = undefined;
		this.list = [];
	}

	/** Start a job; the same click never starts two, the key is made once per call. */
	async start(
		kind: string,
		params: Record<string, unknown>,
		datasetId: number | null = app.datasetId,
	): Promise<Job> {
		const job = await sendJson<Job>("POST", "/jobs", {
			kind,
			dataset_id: datasetId,
			params,
			key: uuid(),
		});
		this.#put(job);
		return job;
	}

	async cancel(id: number): Promise<void> {
		this.#put(await sendJson<Job>("POST", `/jobs/${id}/cancel`));
	}

	async retry(id: number): Promise<Job> {
		const job = await sendJson<Job>("POST", `/jobs/${id}/retry`);
		this.#put(job);
		return job;
	}

	/** One job with its curve. */
	async detail(id: number): Promise<Job> {
		const job = await fetchJson<Job>(`/jobs/${id}`);
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
