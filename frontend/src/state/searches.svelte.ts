/** Searches for hyperparameters in the open dataset: their jobs, past ones too, with their trials. */
import { api, fetchJson, given } from "../api/client";
import type { Job } from "../api/types";
import { SEARCH, type Study, studies, studyOf } from "../lib/search";
import { dataset } from "./dataset.svelte";
import { isActive, jobs } from "./jobs.svelte";

type Chosen = Record<string, number | string>;

class SearchesState {
	#past = $state.raw<Job[]>([]);
	/** Jobs of the study looked at, with their curves. */
	#whole = $state.raw<Job[]>([]);

	list = $derived.by<Study[]>(() => {
		const known = new Map(this.#past.map((job) => [job.id, job]));
		for (const job of jobs.list) known.set(job.id, job);
		return studies([...known.values()].filter((job) => job.dataset_id === dataset.id));
	});

	/** Read the dataset's searches, those too that the list of newest jobs has left behind. */
	async load(datasetId: number): Promise<void> {
		const found = await given(
			api.GET("/api/v1/jobs", { params: { query: { dataset_id: datasetId, limit: 500 } } }),
		);
		this.#past = found.filter((job) => job.kind === SEARCH);
	}

	/** Read the jobs of one study with their curves. */
	async look(study: Study): Promise<void> {
		this.#whole = await Promise.all(study.jobs.map((job) => fetchJson<Job>(`/jobs/${job.id}`)));
	}

	/** The jobs of a study as they were last looked at. */
	jobsOf(name: string): Job[] {
		return this.#whole.filter((job) => studyOf(job) === name);
	}

	/** Queue as many jobs on one study as workers are wanted. */
	async start(params: Record<string, unknown>, workers: number): Promise<void> {
		for (let i = 0; i < workers; i++) await jobs.start(SEARCH, params);
	}

	async stop(study: Study): Promise<void> {
		await Promise.all(study.jobs.filter(isActive).map((job) => jobs.cancel(job.id)));
	}

	/** What an architecture of this dataset is trained with in the place of its own. */
	chosen(architecture: string): Chosen | null {
		return (dataset.settings.hyperparameters?.[architecture] as Chosen | undefined) ?? null;
	}

	/** Train an architecture with these from now on; null is its own. Gives the way back. */
	async use(architecture: string, params: Chosen | null): Promise<() => Promise<void>> {
		const { [architecture]: _, ...others } = dataset.settings.hyperparameters ?? {};
		const hyperparameters = params === null ? others : { ...others, [architecture]: params };
		return dataset.changeSettings({ hyperparameters });
	}
}

export const searches = new SearchesState();
