/** Studies of a hyperparameter search: their trials from jobs at work and done, and the readings. */
import type { Job } from "../api/types";

export type Value = number | string;

export interface Trial {
	number: number;
	state: "running" | "complete" | "pruned" | "failed";
	/** Mean held-out accuracy over the folds; of a pruned one, as far as it came. */
	value: number | null;
	sd: number | null;
	macroF1: number | null;
	macroF1Sd: number | null;
	params: Record<string, Value>;
	seconds: number | null;
	cause: string;
}

export interface Bar {
	name: string;
	importance: number;
}

export interface Parameter {
	name: string;
	about: string;
	log: boolean;
	default: Value | null;
}

export interface Study {
	name: string;
	architecture: string;
	/** Newest first. */
	jobs: Job[];
}

export const SEARCH = "search_hyperparameters";

/** The name of the study a job works on; without one it has its own. */
export function studyOf(job: Job): string {
	return String(job.params.study ?? `search-${job.id}`);
}

/** Studies among jobs, that of the newest job first. */
export function studies(jobs: readonly Job[]): Study[] {
	const found = new Map<string, Study>();
	const newest = jobs.filter((job) => job.kind === SEARCH).sort((a, b) => b.id - a.id);
	for (const job of newest) {
		const name = studyOf(job);
		const study = found.get(name);
		if (study) study.jobs.push(job);
		else found.set(name, { name, architecture: String(job.params.architecture), jobs: [job] });
	}
	return [...found.values()];
}

type Row = Record<string, unknown>;

/**
 * The trials of a study, by number, from its jobs with their curves and results.
 *
 * Each job tells its own trials while it runs; a result holds all that were there when it ended. An
 * ended trial is the same in both; one that was running when another job ended is not.
 */
export function trialsOf(jobs: readonly Job[]): Trial[] {
	const found = new Map<number, Trial>();
	const put = (trial: Trial) => {
		const known = found.get(trial.number);
		if (!known || known.state === "running" || trial.sd !== null) found.set(trial.number, trial);
	};
	for (const job of [...jobs].sort((a, b) => a.id - b.id)) {
		const told = (job.result?.trials ?? []) as Row[];
		for (const row of told) put(trial(row, row.number, row.params));
		for (const row of (job.curve ?? []) as Row[]) {
			if (row.phase === "trial") put(trial(row, row.epoch, JSON.parse(String(row.params))));
		}
	}
	return [...found.values()].sort((a, b) => a.number - b.number);
}

function trial(row: Row, number: unknown, params: unknown): Trial {
	return {
		number: Number(number),
		state: row.state as Trial["state"],
		value: num(row.value),
		sd: num(row.accuracy_sd),
		macroF1: num(row.macro_f1),
		macroF1Sd: num(row.macro_f1_sd),
		params: params as Record<string, Value>,
		seconds: num(row.seconds),
		cause: typeof row.cause === "string" ? row.cause : "",
	};
}

function num(value: unknown): number | null {
	return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/** The importance told last: in the newest result, else in the newest row that has it. */
export function importanceOf(jobs: readonly Job[]): Bar[] {
	const ended = jobs
		.filter((job) => job.result)
		.sort((a, b) => (b.finished_at ?? "").localeCompare(a.finished_at ?? ""));
	const rows = jobs
		.flatMap((job) => (job.curve ?? []) as Row[])
		.filter((row) => typeof row.importance === "string")
		.sort((a, b) => Number(a.epoch) - Number(b.epoch));
	const live = jobs.some((job) => !job.result && job.curve?.length);
	const told = (ended[0]?.result?.importance ?? []) as Bar[];
	const last = rows.at(-1);
	if (last && (live || told.length === 0)) return JSON.parse(String(last.importance)) as Bar[];
	return told;
}

/** What is known of each parameter; empty until a job of the study has ended. */
export function spaceOf(jobs: readonly Job[]): Map<string, Parameter> {
	const told = jobs.find((job) => job.result)?.result?.space ?? [];
	return new Map((told as Parameter[]).map((parameter) => [parameter.name, parameter]));
}

/** Ended trials, best first; of equals the first. */
export function ranked(trials: readonly Trial[]): Trial[] {
	return trials
		.filter((t) => t.state === "complete" && t.value !== null)
		.sort((a, b) => (b.value ?? 0) - (a.value ?? 0) || a.number - b.number);
}

/** The best value up to each trial: a point wherever a trial has ended. */
export function bestSoFar(trials: readonly Trial[]): { x: number; y: number }[] {
	let best = Number.NEGATIVE_INFINITY;
	return trials.flatMap((t) => {
		if (t.state !== "complete" || t.value === null) return [];
		best = Math.max(best, t.value);
		return [{ x: t.number, y: best }];
	});
}

/**
 * The values worth a plot's height: those of trials that came to their end, and half as much again
 * below; trials given up far below would press all others together.
 */
export function valueRange(trials: readonly Trial[]): [number, number] | null {
	const ended = trials.filter((t) => t.state === "complete");
	const values = (ended.length > 1 ? ended : trials).flatMap((t) =>
		t.value === null ? [] : [t.value],
	);
	if (values.length === 0) return null;
	const low = Math.min(...values);
	const high = Math.max(...values);
	return [Math.max(0, low - 0.5 * (high - low)), high];
}

/** Where the values of a parameter lie: on a line, on a line of logarithms, or each at its place. */
export type Axis =
	| { kind: "number"; log: boolean; low: number; high: number }
	| { kind: "words"; words: string[] };

/** The axis for the values that were tried; null when there is none. */
export function axisFor(values: readonly Value[], known?: Parameter): Axis | null {
	if (values.length === 0) return null;
	const numbers = values.filter((v): v is number => typeof v === "number");
	if (numbers.length < values.length) {
		return { kind: "words", words: [...new Set(values.map(String))].sort() };
	}
	const low = Math.min(...numbers);
	const high = Math.max(...numbers);
	// Until a result says how it was searched: a range of decades is one of logarithms.
	const log = (known?.log ?? high > 50 * low) && low > 0;
	return { kind: "number", log, low, high };
}

/** Place of a value along an axis, 0 to 1. */
export function placeOn(axis: Axis, value: Value): number {
	if (axis.kind === "words") {
		return (axis.words.indexOf(String(value)) + 0.5) / axis.words.length;
	}
	const scale = axis.log ? Math.log : (v: number) => v;
	const span = scale(axis.high) - scale(axis.low);
	return span === 0 ? 0.5 : (scale(Number(value)) - scale(axis.low)) / span;
}

/** "filters 40, dropout_rate 0.31": values in four digits at most. */
export function inWords(params: Record<string, Value>): string {
	return Object.entries(params)
		.map(([name, value]) => `${name} ${shortValue(value)}`)
		.join(", ");
}

export function shortValue(value: Value | undefined): string {
	if (typeof value !== "number") return value ?? "–";
	if (Number.isInteger(value)) return String(value);
	const size = Math.abs(value);
	return size < 1e-3
		? value.toExponential(1).replace("-", "−")
		: String(Number(value.toPrecision(3)));
}

/** A name for a new study: what it searches, and when it was begun. */
export function newStudy(architecture: string, now: Date): string {
	const two = (n: number) => String(n).padStart(2, "0");
	const day = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`;
	return `${architecture}-${day}-${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
}
