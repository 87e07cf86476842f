/** Learning curves as the job tells them, live and at its end, and what they mean in words. */
import { stated } from "./figures";
import { count } from "./format";
import type { EpochRow, Metrics } from "./modelVersion";

export type CurveOrder = "random" | "typical";

export interface CurvePoint {
	labels: number;
	mean: number;
	/** Standard deviation over the divisions; null for a single one. */
	sd: number | null;
}

export type Curves = Record<CurveOrder, CurvePoint[]>;

/** On which labels figures were taken. */
export interface Truth {
	drawn: number;
	chosen: number;
	unknown: number;
	used: "drawn" | "all";
	enough?: number;
	/** The accuracy on all labels, where only the drawn ones count. */
	all_labels?: { mean: number; interval: [number, number]; n: number };
}

/** What the next labels would bring, by a power law err(k) = a + b k^-c. */
export interface Next {
	labels: number;
	from: number;
	gain: number;
	sd: number;
	interval: [number, number];
	accuracy_now: number;
	accuracy_then: number;
	sd_then: number;
	law: { a: number; b: number; c: number };
	verdict: "stop" | "go_on" | "unclear";
}

export interface CurveResult {
	sizes: number[];
	orders: Record<CurveOrder, { mean: number[]; sd: number[] }>;
	repeats: number;
	n_labels: number;
	n_test: number;
	split: string;
	truth: Truth;
	biased_sample: boolean;
	next: Next | null;
	seconds: number;
}

export function ofResult({ sizes, orders }: CurveResult): Curves {
	const points = ({ mean, sd }: { mean: number[]; sd: number[] }) =>
		sizes.map((labels, i) => ({ labels, mean: mean[i] ?? Number.NaN, sd: sd[i] ?? null }));
	return { random: points(orders.random), typical: points(orders.typical) };
}

/** Curves from the rows told so far: the mean over the divisions that have come. */
export function ofRows(rows: readonly EpochRow[]): Curves {
	const curves: Curves = { random: [], typical: [] };
	for (const order of ["random", "typical"] as const) {
		const values = new Map<number, number[]>();
		for (const row of rows) {
			if (row.phase !== order) continue;
			if (typeof row.labels !== "number" || typeof row.accuracy !== "number") continue;
			const known = values.get(row.labels);
			if (known) known.push(row.accuracy);
			else values.set(row.labels, [row.accuracy]);
		}
		curves[order] = [...values]
			.sort((a, b) => a[0] - b[0])
			.map(([labels, all]) => ({ labels, ...spread(all) }));
	}
	return curves;
}

function spread(values: number[]): { mean: number; sd: number | null } {
	const mean = values.reduce((a, b) => a + b, 0) / values.length;
	if (values.length < 2) return { mean, sd: null };
	const squares = values.reduce((sum, v) => sum + (v - mean) ** 2, 0);
	return { mean, sd: Math.sqrt(squares / (values.length - 1)) };
}

/** The power law from the labels at hand to the next ones. */
export function continuation({ law, from, labels }: Next, start = from): CurvePoint[] {
	const points: CurvePoint[] = [];
	for (let i = 0; i <= 12; i++) {
		const k = start + ((from + labels - start) * i) / 12;
		points.push({ labels: k, mean: 1 - law.a - law.b * k ** -law.c, sd: null });
	}
	return points;
}

/** "The next 100 labels would bring 0.5 ± 0.8 points: stop, or label where the model is unsure." */
export function nextWords(next: Next): string {
	const gain = (100 * next.gain).toFixed(1).replace("-", "−");
	const sd = (100 * next.sd).toFixed(1);
	const advice = {
		stop: "stop, or label where the model is unsure",
		go_on: "more labels pay",
		unclear: "too uncertain to say whether they pay",
	}[next.verdict];
	return `The next ${next.labels} labels would bring ${gain} ± ${sd} points: ${advice}.`;
}

/**
 * What would make figures fair that chosen labels enter: how many drawn ones there were of those
 * needed, and whether more come by themselves.
 *
 * @param every one cutout of so many is drawn at random in a chosen order; 0 for none
 */
export function fairWords(truth: Truth | undefined, every: number): string {
	const enough = truth?.enough ?? 50;
	const drawn = truth?.drawn ?? 0;
	if (drawn >= enough)
		return `${count(drawn)} labels were drawn at random, but fewer than ${enough} of them could be held out.`;
	const there = `${count(drawn)} of the ${enough} randomly drawn labels needed were there at this training`;
	return every > 0
		? `${there}; every ${every}th cutout of a chosen order is such a random check.`
		: `${there}; random checks are off: turn them on under the orders on Label, or label in random order.`;
}

/** "accuracy 0.81 ± 0.03 on 60 randomly drawn labels" */
export function trustWords(
	metrics: Metrics,
	every: number,
): { text: string; biased: boolean; why: string } | null {
	const { accuracy, truth } = metrics;
	if (!accuracy || !Number.isFinite(accuracy.mean)) return null;
	const n = accuracy.n ?? metrics.n_labels ?? 0;
	const value = `accuracy ${stated({ ...accuracy, n: null })} on ${count(n)}`;
	if (truth?.used === "drawn")
		return { text: `${value} randomly drawn labels`, biased: false, why: "" };
	const biased = metrics.biased_sample === true;
	if (!biased)
		return {
			text: `${value} labels`,
			biased,
			why: "How these cutouts were picked is not known: labels from files, or in import order.",
		};
	return {
		text: `${value} labels`,
		biased,
		why:
			"Biased: chosen cutouts are among them, and nobody knows in which direction that shifts " +
			`the figure. ${fairWords(truth, every)}`,
	};
}

/** Labels between two curves; a curve needs this many at least. */
export const EVERY = 25;
export const LEAST = 50;

/**
 * Which curve is due: its number, as many times 25 labels as there are; null where the last one
 * is recent enough.
 *
 * @param known labels behind the newest curve, null without one
 */
export function due(nLabelled: number, known: number | null): number | null {
	if (nLabelled < LEAST) return null;
	if (known !== null && nLabelled - known < EVERY) return null;
	return Math.floor(nLabelled / EVERY);
}
