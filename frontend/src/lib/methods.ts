/** A model version told in full sentences, as the methods section of a paper would. */
import { range, stated } from "./figures";
import { count, duration, figure, percent, plural } from "./format";
import { EMBEDDINGS } from "./mapAudit";
import { isClassifier, type ModelVersion } from "./modelVersion";
import { REFERENCES, type Reference } from "./references";

export interface Methods {
	paragraphs: string[];
	/** Works to cite, in the order in which the paragraphs use them. */
	references: string[];
}

/** What the text needs to know beside the version. */
export interface About {
	dataset: string;
	cutouts: number;
}

type Settings = Record<string, unknown>;

const REPRESENTATIONS: Record<string, string> = {
	two_scale:
		"two channels of 32×32 pixels: a window of the cutout at its native scale and the whole of it zoomed to fit",
	downscaled:
		"64×64 pixels: the mean of four neighbours was taken until the cutout fitted, smaller ones were padded",
	fitted: "64×64 pixels, the whole cutout scaled to fit",
};
const SCALINGS: Record<string, string> = {
	linear: "linearly from %l to %h onto 0 to 1",
	asinh: "by an inverse hyperbolic sine (linear below %s) from %l to %h onto 0 to 1",
	binary: "to 1 above %l and 0 elsewhere",
};

/** The paragraphs and references of a version. */
export function methods(model: ModelVersion, about: About): Methods {
	const cited: Reference[] = [];
	const cite = (...works: Reference[]) => {
		for (const work of works) if (!cited.includes(work)) cited.push(work);
		return `[${works.map((work) => cited.indexOf(work) + 1).join(", ")}]`;
	};
	const parts = isClassifier(model.kind)
		? [data(model, about), input(model), learner(model, cite), results(model, cite)]
		: [unlabelled(model, about), input(model), embedder(model, cite)];
	return {
		paragraphs: [...parts, provenance(model)].filter(Boolean),
		references: cited.map((work) => REFERENCES[work]),
	};
}

/** The same as Markdown, with a heading and numbered references. */
export function markdown(model: ModelVersion, { paragraphs, references }: Methods): string {
	const list = references.map((text, i) => `${i + 1}. ${text}`);
	const body = [`## ${model.name || model.kind} (version ${model.number})`, ...paragraphs];
	return `${[...body, ...(list.length ? ["### References", list.join("\n")] : [])].join("\n\n")}\n`;
}

type Cite = (...works: Reference[]) => string;

function data(model: ModelVersion, about: About): string {
	const m = model.metrics;
	const perClass = model.classes
		.map((c, k) => [c.name, sum(m.confusion?.[k] ?? [])] as const)
		.filter(([, n]) => n > 0);
	const counts = perClass.map(([name, n]) => `${name} ${count(n)}`).join(", ");
	const tested = m.accuracy?.n ?? sum(perClass.map(([, n]) => n));
	const folds = m.folds ?? 0;
	const by = m.split === "source" ? "exposure or source file" : (m.split ?? "cutout");
	const copies = m.copies
		? `${plural(m.copies, "of them is a copy", "of them are copies")} of another one, as it lies, turned by quarters or mirrored, and stayed in its fold`
		: m.copies === 0
			? "none of them is a copy of another one, turned by quarters or mirrored"
			: "exact duplicates stayed in one fold";
	const origins = m.label_origins;
	return sentences(
		`${plural(m.n_labels ?? 0, "labelled cutout")} of the ${count(about.cutouts)} in “${about.dataset}” were used, in ${plural(model.classes.length, "class", "classes")}`,
		origins &&
			`Of the labels ${[
				origins.drawn && `${count(origins.drawn)} were given to cutouts drawn at random`,
				origins.chosen && `${count(origins.chosen)} to cutouts that were chosen`,
				origins.unknown && `${count(origins.unknown)} came from files or in an order not noted`,
			]
				.filter(Boolean)
				.join(", ")}`,
		folds >= 2 &&
			`They were divided by ${by} into ${folds} folds, stratified by class (seed ${model.seed ?? 0}); ${copies}. Each fold was predicted by a model trained on the others, with the same settings`,
		m.truth?.used === "drawn"
			? `Figures are taken from the ${count(tested)} held-out labels drawn at random (${counts})`
			: counts && `Figures are taken from ${count(tested)} held-out labels (${counts})`,
		m.untested_classes?.length &&
			`Not tested, for want of a second source: ${m.untested_classes.map((c) => c.name).join(", ")}`,
		m.biased_sample &&
			"Labels that were chosen, not drawn, enter these figures, which are therefore biased in an unknown direction",
	);
}

function unlabelled(model: ModelVersion, about: About): string {
	const m = model.metrics;
	return sentences(
		`All ${count(Number(m.n ?? about.cutouts))} cutouts of “${about.dataset}” were used, without labels (seed ${model.seed ?? 0})`,
		m.val_loss != null && "Some were kept back to measure the held-out loss",
	);
}

function input(model: ModelVersion): string {
	const config: Settings = model.config ?? {};
	const scaling = (config.pixel_scaling ?? {}) as Record<string, number | string>;
	const image = REPRESENTATIONS[String(config.representation)];
	const scaled = SCALINGS[String(scaling.kind)]
		?.replace("%l", figure(Number(scaling.low)))
		.replace("%h", figure(Number(scaling.high)))
		.replace("%s", figure(Number(scaling.softening)));
	const numbers = (config.measurements ?? config.metadata ?? []) as string[];
	return sentences(
		image && `Images entered as ${image}`,
		image && scaled && `Pixel values were mapped ${scaled}`,
		numbers.length > 0 &&
			isClassifier(model.kind) &&
			`${plural(numbers.length, "number")} stood ${image ? "beside each image" : "for each cutout"}, each mapped by its quantiles over all cutouts to a standard normal, missing values to the median (the reference values are kept with the weights): ${numbers.join(", ")}`,
		numbers.length > 0 &&
			!isClassifier(model.kind) &&
			`Beside the image stood ${numbers.join(", ")}`,
	);
}

function learner(model: ModelVersion, cite: Cite): string {
	const config: Settings = model.config ?? {};
	const values = (config.hyperparameters ?? {}) as Settings;
	const name = model.architecture;
	const members = name === "default";
	const network = values.epochs != null || (config.epochs != null && name !== "trees");
	const epochs = values.epochs ?? config.epochs;
	const rate = values.learning_rate ?? values.adam_learning_rate;
	const rest = Object.entries(values).filter(([key]) => !SAID.has(key.replace("adam_", "")));
	const cites: Reference[] = [];
	if (members || name === "extra_trees") cites.push("extraTrees");
	if (members) cites.push("nystroem");
	if (name === "trees") cites.push("xgboost");
	if (name === "resnet18") cites.push("resnet");
	return sentences(
		`The classifier (${name}) is: ${String(config.description ?? name)}${cites.length ? ` ${cite(...cites)}` : ""}`,
		config.pretrained === true && "It started from published weights",
		network &&
			`The network was trained for ${plural(Number(epochs), "epoch")} with AdamW ${cite("adamw")}${settings(
				[
					["learning rate", rate],
					["weight decay", values.weight_decay ?? values.adam_weight_decay],
					["batches of", values.batch_size],
				],
			)} on the cross-entropy${Number(values.smoothing) > 0 ? ` with label smoothing ${figure(Number(values.smoothing))} ${cite("smoothing")}` : ""}`,
		name === "trees" &&
			config.rounds != null &&
			`${plural(Number(config.rounds), "round")} were boosted${Number(values.early_stopping) > 0 ? ", a number chosen by the log loss on parts kept back in turn within the training set, never on the held-out fold" : ""}`,
		rest.length > 0 &&
			`Hyperparameters: ${rest.map(([key, v]) => `${key} ${plain(v)}`).join(", ")}`,
		model.metrics.shap &&
			`What each number contributes to each answer was computed exactly ${cite("shap")}`,
	);
}

/** Hyperparameters that have a sentence of their own. */
const SAID = new Set(["epochs", "learning_rate", "weight_decay", "batch_size", "smoothing"]);

function results(model: ModelVersion, cite: Cite): string {
	const m = model.metrics;
	const c = m.calibration;
	const noise = c?.floor != null ? `; a perfect calibration would show ${c.floor.toFixed(3)}` : "";
	return sentences(
		m.unjudged
			? m.unjudged.replace(/\.$/, "")
			: m.accuracy &&
					`Held-out accuracy is ${stated(m.accuracy)}, ± over the folds, 95 % interval ${range(m.accuracy.interval)} ${cite("wilson")}; macro-F1 is ${stated(m.macro_f1)}`,
		c?.ece != null &&
			`Probabilities were calibrated by a temperature ${cite("temperature")} fitted, for each fold, on the other folds (${m.temperature?.toFixed(2) ?? "–"} for the final model): the expected calibration error is ${c.ece.toFixed(3)} (bootstrap ${range(c.interval)}${noise})${c.before?.ece != null ? `, ${c.before.ece.toFixed(3)} (${range(c.before.interval)}) before` : ""}`,
		m.coverage?.accuracy != null &&
			`Where the probability exceeds ${m.coverage.threshold}, ${m.coverage.accuracy.toFixed(3)} of the answers are right (95 % ${range(m.coverage.interval)}), which are ${percent(m.coverage.coverage)} of the cutouts (n = ${count(m.coverage.n)})`,
		m.label_errors &&
			m.label_errors.n > 0 &&
			`Confident learning ${cite("confidentLearning")} doubts ${count(m.label_errors.n_suspect)} of ${count(m.label_errors.n)} labels`,
		`The final model is trained on all labels; the map is a projection of its penultimate layer ${cite("umap")}`,
	);
}

function embedder(model: ModelVersion, cite: Cite): string {
	const config: Settings = model.config ?? {};
	const m = model.metrics;
	const what: Record<string, [string, Reference[]]> = {
		train_vae: ["variational autoencoder", ["vae"]],
		train_autoencoder: ["autoencoder", []],
		train_self_supervised: [
			String(config.method) === "simclr" ? "SimCLR embedding" : "VICReg embedding",
			[String(config.method) === "simclr" ? "simclr" : "vicreg"],
		],
		fit_map: [
			`parametric UMAP of the ${EMBEDDINGS[String(config.embedding)] ?? "vectors"}`,
			["parametricUmap"],
		],
	};
	const [name, cites] = what[model.kind] ?? [model.kind, []];
	const size = config.latent ?? config.dimension;
	return sentences(
		`The model is a ${name}${cites.length ? ` ${cite(...cites)}` : ""}${size == null ? "" : ` with ${count(Number(size))} dimensions`}, trained for ${plural(Number(config.epochs ?? 0), "epoch")} with AdamW ${cite("adamw")}${settings(
			[
				["learning rate", config.learning_rate],
				["batches of", config.batch_size],
			],
		)}`,
		Number(config.orientations) > 1 &&
			`A cutout's vector is the mean over ${figure(Number(config.orientations))} orientations of it`,
		m.val_loss != null && `The loss on what was kept back is ${figure(m.val_loss)}`,
	);
}

function provenance(model: ModelVersion): string {
	const v = model.versions ?? {};
	const libraries = ["torch", "xgboost-cpu", "scikit-learn", "umap-learn", "numpy", "python"]
		.filter((name) => v[name])
		.map((name) => `${name} ${v[name]}`);
	return sentences(
		`Trained with Cloudchamber ${v.cloudchamber ?? ""}${v.commit ? `, commit ${v.commit.slice(0, 12)}` : ""}${v.code ? `, sources ${v.code.slice(0, 12)}` : ""}${libraries.length ? `, ${libraries.join(", ")}` : ""}${v.device ? `, on ${v.device}` : ""}${model.metrics.seconds ? `, in ${duration(model.metrics.seconds)}` : ""}`,
		model.label_snapshot_hash &&
			`The labels are those of snapshot ${model.label_snapshot_hash.slice(0, 12)}; the fold of each is kept as a column of the version`,
		"On a CPU the same seed, labels and sources give the same weights",
	);
}

function settings(pairs: [string, unknown][]): string {
	const known = pairs.filter(([, value]) => value != null);
	return known.length ? ` (${known.map(([name, v]) => `${name} ${plain(v)}`).join(", ")})` : "";
}

function plain(value: unknown): string {
	return typeof value === "number" ? String(Number(value.toPrecision(4))) : String(value);
}

function sum(values: readonly number[]): number {
	return values.reduce((a, b) => a + b, 0);
}

function sentences(...parts: (string | false | null | undefined | 0)[]): string {
	return parts
		.filter((part): part is string => Boolean(part))
		.map((part) => `${part}.`)
		.join(" ");
}
