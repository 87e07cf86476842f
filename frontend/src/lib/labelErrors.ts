/** Label errors as a model version's metrics state them. */
import { count, percent } from "./format";
import type { Metrics } from "./modelVersion";
import type { Worth } from "./novelty";

/** What stands under the column head of the ranking “label errors”. */
export function doubtWorth(metrics: unknown): Worth {
	const errors = (metrics as Metrics | null)?.label_errors;
	if (!errors?.n) return { figure: "not measured here", words: "" };
	return { figure: `${count(errors.n_suspect)} suspect`, words: noiseWords(errors) };
}

/** Fewer held-out labels than this give no rate: one of them more would change it by 5 points. */
const LEAST = 20;

/** "of 306 labels; about 14 % may be wrong" */
export function noiseWords({ n, noise_rate }: NonNullable<Metrics["label_errors"]>): string {
	const rate =
		noise_rate === null || n < LEAST ? "" : `; about ${percent(noise_rate)} may be wrong`;
	return `of ${count(n)} labels${rate}`;
}
