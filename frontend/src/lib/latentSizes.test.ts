import { describe, expect, it } from "vitest";
import { latentSizes, missingSizes } from "./latentSizes";
import type { ModelVersion } from "./modelVersion";

let number = 0;

function version(kind: string, latent: number, representation = "fitted"): ModelVersion {
	number += 1;
	return {
		id: number,
		number,
		dataset_id: 1,
		kind,
		architecture: "",
		name: "",
		classes: [],
		seed: 0,
		created_at: "",
		created_by: null,
		job_id: null,
		metrics: {
			latent,
			representation,
			ignore_orientation: true,
			held_out: { mean: 1 / latent, sd: 0.5, n: 25 },
			neighbours: null,
		},
	};
}

describe("latentSizes", () => {
	it("takes the newest of each size, smallest first", () => {
		const old = version("train_vae", 32);
		const new32 = version("train_vae", 32);
		const small = version("train_vae", 8);
		const found = latentSizes([old, new32, small], old);
		expect(found.map((s) => [s.latent, s.version.id])).toEqual([
			[8, small.id],
			[32, new32.id],
		]);
	});

	it("never lays losses of different kinds or inputs beside each other", () => {
		const vae = version("train_vae", 32);
		const others = [version("train_autoencoder", 8), version("train_vae", 16, "downscaled")];
		expect(latentSizes([vae, ...others], vae)).toHaveLength(1);
	});

	it("states the standard error of the mean, not the spread of the cutouts", () => {
		const vae = version("train_vae", 32);
		expect(latentSizes([vae], vae)[0]?.loss?.error).toBeCloseTo(0.1);
	});

	it("leaves out versions that say nothing of their size", () => {
		const old = version("train_vae", 32);
		old.metrics = { loss: 1 };
		expect(latentSizes([old], old)).toEqual([]);
	});

	it("knows which sizes are missing", () => {
		const vae = version("train_vae", 32);
		expect(missingSizes(latentSizes([vae, version("train_vae", 50)], vae))).toEqual([8, 16, 64]);
	});
});
