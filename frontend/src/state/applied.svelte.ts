/** Models of other datasets applied to the open one: their results and columns. */
import { SvelteMap } from "svelte/reactivity";
import { fetchColumn, type TypedArray } from "../api/binary";
import { fetchJson, sendJson } from "../api/client";
import type { Column, Job } from "../api/types";
import { dataset } from "./dataset.svelte";
import { jobs } from "./jobs.svelte";
import { PastJobs } from "./pastJobs.svelte";

/** By ordinal of the open dataset, and of the source where the map is of both. */
export interface Found {
	predicted: TypedArray;
	confidence: TypedArray;
	/** [n, 2] interleaved; null without a map of both. */
	positions: Float32Array | null;
	source: Float32Array | null;
	/** Class numbers of the source's labels, −1 without one. */
	sourceClass: TypedArray | null;
}

class AppliedState {
	readonly jobs = new PastJobs("apply_model");
	#found = new SvelteMap<number, Found>();
	#asked = new Set<number>();

	/** Columns of one application; undefined until they have arrived. */
	found(job: Job): Found | undefined {
		return this.#found.get(job.id);
	}

	async load(job: Job): Promise<void> {
		if (this.#asked.has(job.id)) return;
		this.#asked.add(job.id);
		try {
			this.#found.set(job.id, await read(job));
		} catch (error) {
			this.#asked.delete(job.id);
			throw error;
		}
	}

	start(modelVersionId: number, datasetId: number): Promise<Job> {
		return jobs.start("apply_model", { model_version_id: modelVersionId }, datasetId);
	}

	/** Show what the model says in Explore, Galleries and Label. */
	async show(modelVersionId: number): Promise<void> {
		await sendJson("POST", `/models/${modelVersionId}/activate?dataset_id=${dataset.id}`);
		await dataset.refresh();
		await dataset.refreshColumns();
	}
}

async function read(job: Job): Promise<Found> {
	const result = job.result as { model_version_id: number; source: { dataset_id: number } };
	const [here, there] = await Promise.all(
		[job.dataset_id, result.source.dataset_id].map((id) =>
			fetchJson<Column[]>(`/datasets/${id}/columns?all=true`),
		),
	);
	const ofModel = (list: Column[] | undefined, name: string) =>
		values(list?.find((c) => c.name === name && c.model_version_id === result.model_version_id));
	const ofJob = (list: Column[] | undefined) =>
		values(list?.find((c) => c.name === "joint_map" && c.producer_job_id === job.id));
	const [predicted, confidence, positions, source, sourceClass] = await Promise.all([
		ofModel(here, "predicted"),
		ofModel(here, "confidence"),
		ofJob(here),
		ofJob(there),
		ofModel(there, "snapshot_class"),
	]);
	if (!predicted || !confidence) throw new Error("The predictions are not there any more.");
	return {
		predicted,
		confidence,
		positions: positions as Float32Array | null,
		source: source as Float32Array | null,
		sourceClass,
	};
}

async function values(column: Column | undefined): Promise<TypedArray | null> {
	return column ? fetchColumn(column.id, column.revision) : null;
}

export const applied = new AppliedState();
