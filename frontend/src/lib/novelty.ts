/**
 * How far a ranking can be trusted to find the unknown: measured on this dataset by leaving one
 * class out in turn, by the experiment of its own or, shorter, while a classifier was trained.
 */
import type { Ranking } from "./rankings";

const OLD_FIRST = 50;

/** One class left out. */
export interface LeftOut {
	auroc: number;
	/** 95 % interval by bootstrap over the cutouts ranked. */
	interval: [number, number] | null;
	/** Share of the unseen class among the first ones, and among all that were ranked. */
	precision: number | null;
	/** How many the first ones are: as many as there are of the class, at most 50. */
	lookedAt: number | null;
	baseRate: number | null;
	unseen: number | null;
}

/** Mean over the classes. */
export interface Novelty {
	auroc: number;
	/** Standard deviation over the classes. */
	sd: number | null;
	precision: number | null;
	/** Least and most of the classes; null where the first ones were all there were. */
	lookedAt: [number, number] | null;
	baseRate: number | null;
	perClass: Record<string, LeftOut>;
}

/** What the job `leave_one_class_out` found. */
export interface Experiment {
	rankings: Record<string, Novelty>;
	classes: string[];
	/** Classes with too few labels to be left out. */
	untested: string[];
	labels: number;
	default: string;
	selfSupervised: string | null;
}

export interface Trust {
	novelty: Novelty;
	/** `source`: by the training of a model that comes from another dataset. */
	from: "experiment" | "training" | "source";
}

/** A table {ranking: figures}; entries may be bare numbers, as older model versions have them. */
export function noveltiesOf(table: unknown): Record<string, Novelty> {
	const found: Record<string, Novelty> = {};
	for (const [column, entry] of Object.entries(record(table) ?? {})) {
		const novelty = noveltyFrom(entry);
		if (novelty) found[column] = novelty;
	}
	return found;
}

export function experimentOf(result: unknown): Experiment | null {
	const fields = record(result);
	const rankings = noveltiesOf(fields?.rankings);
	if (!fields || Object.keys(rankings).length === 0) return null;
	return {
		rankings,
		classes: strings(fields.classes),
		untested: strings(fields.untested_classes),
		labels: number(fields.n) ?? 0,
		default: typeof fields.default === "string" ? fields.default : "",
		selfSupervised: typeof fields.self_supervised === "string" ? fields.self_supervised : null,
	};
}

/**
 * The experiment's figure where there is one, else that of the active model's training.
 *
 * @param foreign whether that model was trained on another dataset: its figure holds there
 */
export function trustOf(
	column: string,
	experiment: Experiment | null,
	metrics: unknown,
	foreign = false,
): Trust | null {
	const measured = experiment?.rankings[column];
	if (measured) return { novelty: measured, from: "experiment" };
	const trained = noveltiesOf(record(metrics)?.novelty)[column];
	return trained ? { novelty: trained, from: foreign ? "source" : "training" } : null;
}

/** What stands under a column head: a figure measured here, or where one was measured. */
export interface Worth {
	figure: string;
	words: string;
}

export function worth(ranking: Ranking, trust: Trust | null): Worth {
	if (!trust) return { figure: "not measured here", words: ranking.elsewhere ?? "" };
	const { auroc, sd, precision, lookedAt, baseRate } = trust.novelty;
	const spread = sd === null ? "" : ` ± ${sd.toFixed(2)}`;
	const hits =
		precision === null || lookedAt === null || baseRate === null
			? "would have found a class nobody labelled"
			: `first ${firstWords(lookedAt)}: ${precision.toFixed(2)} of an unseen class, ${baseRate.toFixed(2)} by chance`;
	const measured = `AUROC ${auroc.toFixed(2)}${spread}`;
	if (trust.from === "source")
		return { figure: "not measured here", words: `${measured} where the model was trained` };
	return {
		figure: measured,
		words: trust.from === "experiment" ? hits : `${hits} (short check in training)`,
	};
}

/** `8 to 50`: how many were looked at, class by class. */
export function firstWords([least, most]: [number, number]): string {
	return least === most ? String(least) : `${least} to ${most}`;
}

/** The rankings that find most come first; those not measured follow as they are listed. */
export function byTrust<R extends { column: string }>(
	rankings: readonly R[],
	trust: (column: string) => Trust | null,
): R[] {
	const measured = new Map(rankings.map((r) => [r, trust(r.column)?.novelty.auroc ?? -1]));
	return [...rankings].sort((a, b) => (measured.get(b) ?? -1) - (measured.get(a) ?? -1));
}

/** How strongly a cell is coloured, 0 to 1: an AUROC of a coin or worse not at all. */
export function heat(auroc: number): number {
	return Math.min(1, Math.max(0, (auroc - 0.5) / 0.5));
}

function noveltyFrom(entry: unknown): Novelty | null {
	const fields = record(entry);
	const auroc = number(entry) ?? number(fields?.auroc) ?? number(fields?.mean);
	if (auroc === null) return null;
	const perClass: Record<string, LeftOut> = {};
	for (const [name, value] of Object.entries(record(fields?.per_class) ?? {})) {
		const of = record(value);
		const figure = number(value) ?? number(of?.auroc);
		if (figure === null) continue;
		const interval = Array.isArray(of?.interval) ? of.interval.map(Number) : [];
		const first = firstOf(of);
		perClass[name] = {
			auroc: figure,
			interval: interval.length === 2 ? [interval[0] as number, interval[1] as number] : null,
			...first,
			baseRate: number(of?.base_rate),
			unseen: number(of?.n_unseen),
		};
	}
	const looked = Object.values(perClass).map((of) => of.lookedAt);
	const told = looked.length > 0 && looked.every((n): n is number => n !== null);
	return {
		auroc,
		sd: number(fields?.sd),
		precision: told ? (number(fields?.precision) ?? number(fields?.precision_at_50)) : null,
		lookedAt: told ? [Math.min(...looked), Math.max(...looked)] : null,
		baseRate: number(fields?.base_rate),
		perClass,
	};
}

/**
 * Older results looked at 50 whatever there was: where no more were ranked, that is chance itself,
 * and nothing is told.
 */
function firstOf(of: Record<string, unknown> | null): Pick<LeftOut, "precision" | "lookedAt"> {
	const lookedAt = number(of?.looked_at);
	if (lookedAt !== null) return { precision: number(of?.precision), lookedAt };
	const ranked = (number(of?.n_unseen) ?? 0) + (number(of?.n_known) ?? 0);
	if (ranked <= OLD_FIRST) return { precision: null, lookedAt: null };
	return { precision: number(of?.precision_at_50), lookedAt: OLD_FIRST };
}

function record(value: unknown): Record<string, unknown> | null {
	return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
}

function number(value: unknown): number | null {
	return typeof value === "number" ? value : null;
}

function strings(value: unknown): string[] {
	return Array.isArray(value) ? value.map(String) : [];
}
