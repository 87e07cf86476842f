import { describe, expect, it } from "vitest";
import { markdown, methods } from "./methods";
import type { ModelVersion } from "./modelVersion";

const ABOUT = { dataset: "damic", cutouts: 509 };

function version(changes: Partial<ModelVersion> = {}): ModelVersion {
	return {
		id: 1,
		number: 3,
		dataset_id: 1,
		kind: "train_classifier",
		architecture: "default",
		name: "default 3",
		classes: [
			{ id: 1, name: "muon" },
			{ id: 2, name: "electron" },
		],
		metrics: {
			n_labels: 306,
			folds: 5,
			split: "source",
			accuracy: { mean: 0.821, sd: 0.02, interval: [0.77, 0.86], n: 300 },
			macro_f1: { mean: 0.7, sd: 0.03 },
			confusion: [
				[90, 10],
				[20, 180],
			],
			calibration: {
				ece: 0.034,
				bins: [],
				interval: [0.03, 0.08],
				floor: 0.039,
				before: { ece: 0.061, interval: [0.04, 0.1] },
			},
			temperature: 0.86,
			label_origins: { drawn: 200, chosen: 100, unknown: 6 },
			coverage: { threshold: 0.9, coverage: 0.56, accuracy: 0.97, interval: [0.93, 0.99], n: 170 },
		},
		config: {
			description: "a small network, voting with trees",
			representation: "two_scale",
			pixel_scaling: { kind: "linear", low: 0, high: 1, softening: 0.001, channels: 1 },
			measurements: ["charge", "length"],
			hyperparameters: { epochs: 40, learning_rate: 0.002, batch_size: 32, smoothing: 0.05 },
		},
		versions: { cloudchamber: "0.1.0", torch: "2.13.0", code: "ab".repeat(32) },
		label_snapshot_hash: "cd".repeat(32),
		seed: 0,
		created_at: "2026-11-22T00:00:00Z",
		created_by: "ada",
		job_id: 1,
		...changes,
	};
}

describe("methods of a classifier", () => {
	const { paragraphs, references } = methods(version(), ABOUT);
	const text = paragraphs.join("\n");

	it("tell data, split and seed", () => {
		expect(text).toContain("306 labelled cutouts of the 509 in “damic” were used, in 2 classes.");
		expect(text).toContain(
			"divided by exposure or source file into 5 folds, stratified by class (seed 0)",
		);
		expect(text).toContain("(muon 100, electron 200)");
	});

	it("tell how many copies stayed together", () => {
		const told = (copies?: number) => {
			const model = version();
			return methods({ ...model, metrics: { ...model.metrics, copies } }, ABOUT).paragraphs.join();
		};
		expect(told(306)).toContain(
			"306 of them are copies of another one, as it lies, turned by quarters or mirrored, and stayed in its fold.",
		);
		expect(told(1)).toContain("1 of them is a copy of another one");
		expect(told(0)).toContain("none of them is a copy of another one");
		expect(told()).toContain("exact duplicates stayed in one fold");
	});

	it("tell input, learner and figures with their spread", () => {
		expect(text).toContain("Pixel values were mapped linearly from 0 to 1.00 onto 0 to 1.");
		expect(text).toContain("2 numbers stood beside each image");
		expect(text).toContain("trained for 40 epochs with AdamW");
		expect(text).toContain("(learning rate 0.002, batches of 32)");
		expect(text).toContain("0.82 ± 0.02 (n = 300)");
		expect(text).toContain("0.034 (bootstrap 0.03–0.08");
		expect(text).toContain("0.061 (0.04–0.10) before");
	});

	it("tell what is needed to repeat it", () => {
		expect(text).toContain("sources abababababab");
		expect(text).toContain("snapshot cdcdcdcdcdcd");
	});

	it("cite in the order of the text, each work once", () => {
		expect(references[0]).toContain("Extremely randomized trees");
		expect(new Set(references).size).toBe(references.length);
		const numbers = [...text.matchAll(/\[([\d, ]+)\]/g)].flatMap((m) =>
			(m[1] ?? "").split(", ").map(Number),
		);
		expect(Math.max(...numbers)).toBe(references.length);
		expect(new Set(numbers).size).toBe(references.length);
	});

	it("say nothing that is not known", () => {
		const bare = methods(version({ metrics: {}, config: {}, versions: {} }), ABOUT);
		const said = bare.paragraphs.join(" ");
		expect(said).not.toMatch(/undefined|NaN|null/);
		expect(said).not.toContain("folds");
	});
});

describe("methods of trees", () => {
	it("tell how the rounds were chosen, and cite XGBoost and TreeSHAP", () => {
		const { paragraphs, references } = methods(
			version({
				architecture: "trees",
				config: {
					description: "XGBoost",
					representation: null,
					measurements: ["charge"],
					rounds: 66,
					hyperparameters: { eta: 0.1, max_depth: 2, early_stopping: 30 },
				},
				metrics: { shap: { features: [], classes: [], mean_abs: [], base: [], n: 0 } },
			}),
			ABOUT,
		);
		const text = paragraphs.join(" ");
		expect(text).toContain("66 rounds were boosted");
		expect(text).toContain("never on the held-out fold");
		expect(text).toContain("eta 0.1, max_depth 2");
		expect(text).not.toContain("Images entered");
		expect(text).not.toContain("AdamW");
		expect(references[0]).toContain("XGBoost");
		expect(references[1]).toContain("explainable AI for trees");
	});
});

describe("methods of an embedding", () => {
	it("are told without labels", () => {
		const { paragraphs, references } = methods(
			version({
				kind: "train_vae",
				architecture: "vae",
				config: { latent: 50, epochs: 30, learning_rate: 0.001, orientations: 8 },
				metrics: { n: 509, loss: 1, val_loss: 1.5 },
			}),
			ABOUT,
		);
		const text = paragraphs.join(" ");
		expect(text).toContain("without labels");
		expect(text).toContain("variational autoencoder [1] with 50");
		expect(text).toContain("mean over 8");
		expect(references[0]).toContain("Auto-encoding");
	});
});

describe("markdown", () => {
	it("has a heading, the paragraphs and numbered references", () => {
		const model = version();
		const text = markdown(model, methods(model, ABOUT));
		expect(text).toMatch(/^## default 3 \(version 3\)\n\n306 labelled/);
		expect(text).toMatch(/### References\n\n1\. P\. Geurts/);
	});
});
