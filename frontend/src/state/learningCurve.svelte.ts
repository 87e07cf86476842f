/** The learning curve of the open dataset: the newest one, the one that runs, and when one is due. */
import type { Job } from "../api/types";
import { type CurveResult, type Curves, due, ofResult, ofRows } from "../lib/learningCurve";
import { type EpochRow, isClassifier } from "../lib/modelVersion";
import { app } from "./app.svelte";
import { dataset } from "./dataset.svelte";
import { isActive, jobs } from "./jobs.svelte";
import { models } from "./models.svelte";

const KIND = "learning_curve";

class LearningCurveState {
	#rows = $state.raw<{ job: number; rows: EpochRow[] } | null>(null);
	#asked = new Set<string>();

	get running(): Job | null {
		return jobs.list.find((job) => job.kind === KIND && isActive(job)) ?? null;
	}

	get failed(): Job | null {
		const last = jobs.list.find((job) => job.kind === KIND);
		return last?.state === "failed" ? last : null;
	}

	/** The newest curve that is complete. */
	get result(): CurveResult | null {
		const done = jobs.list.find((job) => job.kind === KIND && job.state === "succeeded");
		return (done?.result as unknown as CurveResult | undefined) ?? null;
	}

	/** What to draw: the curve that is being measured, as far as it has come, else the newest. */
	get curves(): Curves | null {
		const running = this.running;
		if (running && this.#rows?.job === running.id && this.#rows.rows.length > 3)
			return ofRows(this.#rows.rows);
		return this.result ? ofResult(this.result) : null;
	}

	/** Accuracies of past classifiers by the number of their labels. */
	get versions(): { labels: number; accuracy: number; number: number; biased: boolean }[] {
		return (models.list ?? [])
			.filter((m) => isClassifier(m.kind) && m.metrics.accuracy && m.metrics.n_labels)
			.map((m) => ({
				labels: m.metrics.n_labels ?? 0,
				accuracy: m.metrics.accuracy?.mean ?? Number.NaN,
				number: m.number,
				biased: m.metrics.biased_sample === true,
			}));
	}

	/** Whether numbers are there to draw it from. */
	get possible(): boolean {
		return dataset.columns.some((c) => c.group === "measurement" || c.group === "metadata");
	}

	start(key?: string): Promise<Job> {
		return jobs.start(KIND, {}, app.datasetId, key);
	}

	/** Ask for the curve where 25 labels came since the last. Call from an effect. */
	keepUp(): void {
		const id = dataset.id;
		if (id === null || app.readOnly || !dataset.ready || this.running || !this.possible) return;
		const number = due(dataset.nLabelled, this.result?.n_labels ?? null);
		if (number === null) return;
		// The number of labels makes the key: from several pages it is asked for once.
		const key = `curve-${id}-${app.me?.annotator.id ?? 0}-${number}`;
		if (this.#asked.has(key)) return;
		this.#asked.add(key);
		void this.start(key).catch(() => {});
	}

	/** Follow the rows of the job with this id. Call from an effect; returns what ends it. */
	watch(id: number | null): (() => void) | undefined {
		if (id === null) return undefined;
		const look = () => {
			jobs
				.detail(id)
				.then((detail) => {
					this.#rows = { job: id, rows: (detail.curve ?? []) as EpochRow[] };
				})
				.catch(() => {});
		};
		look();
		const timer = setInterval(look, 1500);
		return () => clearInterval(timer);
	}
}

export const learningCurve = new LearningCurveState();
