/** The look at what was sent: its job, what it found, and the pixels it brought to be seen. */
import type { CutoutPixels } from "../api/binary";
import { api, given, sentence } from "../api/client";
import {
	fetchLook,
	fetchLookCrops,
	fetchLookExposure,
	type Look,
	type LookPixels,
	startLook,
} from "../api/look";
import type { Job } from "../api/types";
import { uuid } from "../lib/uuid";
import { isActive } from "./jobs.svelte";

const FIRST_WAIT_MS = 150;
const LONGEST_WAIT_MS = 1000;

class Looking {
	result = $state.raw<Look | null>(null);
	pixels = $state.raw<LookPixels | null>(null);
	crops = $state.raw<CutoutPixels[]>([]);
	/** The job at work; null while none is. */
	job = $state.raw<Job | null>(null);
	problem = $state("");
	/** What the shown result was asked with; another wish makes it old. */
	#askedWith = "";
	/** From which files and readings the shown pixels are. */
	#pixelsOf = "";
	#timer: ReturnType<typeof setTimeout> | undefined;
	#stop: AbortController | null = null;
	busy = $state(false);

	/** Look with these parameters, after `delay` ms in which nothing else was asked. */
	ask(datasetId: number | null, params: Record<string, unknown>, delay = 0): void {
		const asked = JSON.stringify([datasetId, params]);
		if (asked === this.#askedWith && (this.busy || this.result)) return;
		this.stop();
		this.#askedWith = asked;
		this.busy = true;
		this.problem = "";
		this.#timer = setTimeout(() => void this.#look(datasetId, params), delay);
	}

	/** End the look that runs; what an earlier one found stays. */
	stop(): void {
		clearTimeout(this.#timer);
		this.#stop?.abort();
		this.#stop = null;
		const job = this.job;
		if (job && isActive(job)) {
			const path = { job_id: job.id };
			void api.POST("/api/v1/jobs/{job_id}/cancel", { params: { path } }).catch(() => {});
		}
		this.job = null;
		this.busy = false;
		this.#askedWith = "";
	}

	clear(): void {
		this.stop();
		this.result = null;
		this.pixels = null;
		this.crops = [];
		this.problem = "";
		this.#pixelsOf = "";
	}

	async #look(datasetId: number | null, params: Record<string, unknown>): Promise<void> {
		const stop = new AbortController();
		this.#stop = stop;
		try {
			let job = await startLook(datasetId, params, uuid(), stop.signal);
			this.job = job;
			for (let wait = FIRST_WAIT_MS; isActive(job); wait = Math.min(LONGEST_WAIT_MS, 1.3 * wait)) {
				await new Promise((resolve) => setTimeout(resolve, wait));
				const path = { job_id: job.id };
				job = await given(api.GET("/api/v1/jobs/{job_id}", { params: { path } }));
				if (stop.signal.aborted) return;
				this.job = job;
			}
			if (job.state !== "succeeded") {
				const said = job.error ? [job.error.message, job.error.hint].filter(Boolean).join(" ") : "";
				this.problem = said || "The look was cancelled.";
				return;
			}
			const found = await fetchLook(job.id, stop.signal);
			await this.#fetchPixels(job.id, found, params, stop.signal);
			if (!stop.signal.aborted) this.result = found;
		} catch (error) {
			if (!stop.signal.aborted) this.problem = sentence(error);
		} finally {
			if (this.#stop === stop) {
				this.#stop = null;
				this.job = null;
				this.busy = false;
			}
		}
	}

	async #fetchPixels(
		jobId: number,
		found: Look,
		params: Record<string, unknown>,
		signal: AbortSignal,
	): Promise<void> {
		const { uploads, taken_as, text_images } = params;
		const of = JSON.stringify([uploads, taken_as, text_images, found.exposure]);
		if (of === this.#pixelsOf) return;
		const anyCrops = found.n_crops_shown > 0;
		const [pixels, crops] = await Promise.all([
			found.exposure ? fetchLookExposure(jobId, signal) : null,
			anyCrops ? fetchLookCrops(jobId, signal) : [],
		]);
		if (signal.aborted) return;
		this.pixels = pixels;
		this.crops = crops;
		this.#pixelsOf = of;
	}
}

export const looking = new Looking();
