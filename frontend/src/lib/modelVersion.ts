/** One trained network or tree as the API tells it, and the readings the pages take from it. */
import type { Proportion } from "./figures";
import type { Truth } from "./learningCurve";
import type { Series } from "./plot";

export interface ReliabilityBin {
	confidence: number;
	accuracy: number;
	n: number;
}

export interface Calibration {
	ece: number | null;
	bins: ReliabilityBin[];
	/** 95 % of the errors of bootstrap samples. */
	interval?: [number, number] | null;
	/** What a perfect calibration would show with these confidences and so few cutouts. */
	floor?: number | null;
	/** Without temperature. */
	before?: { ece: number | null; interval: [number, number] | null };
}

export interface CoverageCurve {
	threshold: number[];
	coverage: number[];
	n: number[];
	accuracy: (number | null)[];
	low: number[];
	high: number[];
}

export interface ShapSummary {
	features: string[];
	classes: string[];
	/** Mean of the absolute value [classes][features], in log odds. */
	mean_abs: number[][];
	base: number[];
	n: number;
}

export interface Estimate {
	mean: number;
	sd: number | null;
	n: number;
}

export interface EmbeddingCheck {
	self_supervised: Estimate | null;
	measurements: Estimate | null;
	difference: { mean: number; sd: number } | null;
	used: boolean;
	sentence: string;
}

export interface Metrics {
	n_labels?: number;
	folds?: number;
	accuracy?: Proportion;
	macro_f1?: Proportion;
	confusion?: number[][];
	calibration?: Calibration;
	/** Accuracy against coverage: lists of one length, over thresholds 0, 0.01 … 0.99. */
	coverage_curve?: CoverageCurve;
	/** Gradient-boosted trees: what each number contributed, on average over n cutouts. */
	shap?: ShapSummary | null;
	temperature?: number;
	coverage?: {
		threshold: number;
		coverage: number;
		accuracy: number | null;
		interval: [number, number];
		n: number;
	};
	biased_sample?: boolean;
	label_origins?: { drawn: number; chosen: number; unknown: number };
	/** Which labels the figures are taken from. */
	truth?: Truth;
	label_errors?: {
		n: number;
		n_suspect: number;
		noise_rate: number | null;
		pairs: { label: number; likely: number; n: number }[];
	};
	/** What was kept together in cross-validation. */
	split?: string;
	/** Labelled cutouts that are copies of another labelled one, as it lies, turned or mirrored. */
	copies?: number;
	untested_classes?: { id: number; name: string }[];
	/** Why no label could be held out, so that no figure says how good the model is. */
	unjudged?: string | null;
	seconds?: number;
	novelty?: unknown;
	loss?: number;
	val_loss?: number | null;
	/** Loss of the cutouts left out of an autoencoder's training; sd over these cutouts. */
	held_out?: Estimate | null;
	/** Accuracy of the 5 nearest neighbours in an embedding, on held-out labels. */
	neighbours?: Estimate | null;
	latent?: number;
	representation?: string;
	ignore_orientation?: boolean;
	/** How a self-supervised embedding fared beside the measurements. */
	check?: EmbeddingCheck;
	[name: string]: unknown;
}

export interface ModelVersion {
	id: number;
	number: number;
	dataset_id: number;
	kind: string;
	architecture: string;
	name: string;
	metrics: Metrics;
	classes: { id: number; name: string }[];
	config?: Record<string, unknown>;
	curves?: EpochRow[];
	versions?: Record<string, string>;
	label_snapshot_hash?: string | null;
	label_action_id?: number | null;
	seed: number | null;
	created_at: string;
	created_by: string | null;
	job_id: number | null;
}

/** One epoch: `epoch`, perhaps `fold`, and whatever was measured. */
export type EpochRow = Record<string, number | string | null>;

const KINDS: Record<string, string> = {
	train_classifier: "classifier",
	classifier: "classifier",
	train_vae: "VAE",
	vae: "VAE",
	train_autoencoder: "autoencoder",
	autoencoder: "autoencoder",
	train_self_supervised: "self-supervised embedding",
	fit_map: "parametric map",
};

export function kindName(kind: string): string {
	return KINDS[kind] ?? kind;
}

export function isClassifier(kind: string): boolean {
	return kindName(kind) === "classifier";
}

/** Whether it reconstructs what it sees: a VAE or an autoencoder. */
export function isAutoencoder(kind: string): boolean {
	return kindName(kind) === "VAE" || kindName(kind) === "autoencoder";
}

export interface Chart {
	title: string;
	series: Series[];
}

const ROLES: { title: string; train: string[]; held: string[] }[] = [
	{ title: "loss", train: ["loss", "train_loss"], held: ["val_loss", "validation_loss"] },
	{ title: "accuracy", train: ["accuracy", "train_accuracy"], held: ["val_accuracy"] },
	{
		title: "reconstruction",
		train: ["bce", "reconstruction", "mse"],
		held: ["val_bce", "val_mse"],
	},
	{ title: "KL divergence", train: ["kl", "kld"], held: ["val_kl"] },
];

/** Trainings that only measure something: how well the unknown is found, what labels bring. */
const ASIDE = /^(without|unseen|random|typical)/;

/** The training within a job that a row belongs to: "fold 2", "without class 1", "all labels". */
function stageOf(row: EpochRow): string {
	if (typeof row.stage === "string") return row.stage;
	return typeof row.phase === "string"
		? `${row.phase} ${row.fold ?? ""}`
		: `fold ${row.fold ?? ""}`;
}

/**
 * Plots of a training's epochs. Folds are drawn faintly with their mean over them; a fold that has
 * not come as far as the others leaves the mean to those that have.
 */
export function charts(all: readonly EpochRow[]): Chart[] {
	const folds = all.filter((row) => /^fold\b/.test(stageOf(row)));
	const rows = folds.length ? folds : all.filter((row) => !ASIDE.test(stageOf(row)));
	return ROLES.map(({ title, train, held }) => ({
		title,
		series: [...lines(rows, train, "training", 4), ...lines(rows, held, "held out", 2)],
	})).filter((chart) => chart.series.length > 0);
}

function lines(rows: readonly EpochRow[], names: string[], name: string, tone: 2 | 4): Series[] {
	const field = names.find((f) => rows.some((r) => typeof r[f] === "number"));
	if (!field) return [];
	const folds = new Map<string, { x: number; y: number }[]>();
	const sums = new Map<number, { sum: number; n: number }>();
	rows.forEach((row, i) => {
		const y = row[field];
		if (typeof y !== "number") return;
		const x = typeof row.epoch === "number" ? row.epoch : i;
		const stage = stageOf(row);
		const fold = folds.get(stage);
		if (fold) fold.push({ x, y });
		else folds.set(stage, [{ x, y }]);
		const at = sums.get(x) ?? { sum: 0, n: 0 };
		sums.set(x, { sum: at.sum + y, n: at.n + 1 });
	});
	const mean = [...sums].sort((a, b) => a[0] - b[0]).map(([x, { sum, n }]) => ({ x, y: sum / n }));
	const each: Series[] =
		folds.size > 1
			? [...folds.values()].map((points) => ({ name, points, tone, faint: true }))
			: [];
	return [...each, { name, points: mean, tone }];
}
