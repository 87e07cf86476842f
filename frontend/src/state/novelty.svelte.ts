/** How far the rankings of the open dataset can be trusted: the experiment, else the training. */
import type { Job } from "../api/types";
import { type Experiment, experimentOf, type Trust, trustOf } from "../lib/novelty";
import { dataset } from "./dataset.svelte";
import { jobs } from "./jobs.svelte";
import { models } from "./models.svelte";
import { PastJobs } from "./pastJobs.svelte";

export const LEAST_CLASSES = 3;
export const LEAST_LABELS = 8;

class NoveltyState {
	readonly jobs = new PastJobs("leave_one_class_out");
	/** The newest that is complete. */
	experiment = $derived.by<Experiment | null>(() => {
		const done = this.jobs.succeeded[0];
		return done ? experimentOf(done.result) : null;
	});
	/** Classes that have enough labels to be left out. */
	get classes(): number {
		return dataset.classes.filter((c) => dataset.countOf(c.id) >= LEAST_LABELS).length;
	}

	trust(column: string): Trust | null {
		const active = dataset.info?.active_model_id;
		const model = active == null ? undefined : models.detail(active);
		const foreign = model !== undefined && model.dataset_id !== dataset.id;
		return trustOf(column, this.experiment, model?.metrics, foreign);
	}

	start(): Promise<Job> {
		return jobs.start("leave_one_class_out", {});
	}
}

export const novelty = new NoveltyState();
