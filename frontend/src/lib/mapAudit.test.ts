import { describe, expect, it } from "vitest";
import { type MapAudit, mapResult, mapTitle, verdict } from "./mapAudit";

const angle = (mean: number, chance = 45) => ({ mean, error: 1, sd: 16, n: 280, chance });
const audit = (part: Partial<MapAudit>): MapAudit => ({
	embedding: "measurements",
	model_version_id: null,
	n: 509,
	retrieval: { share: 1, n: 480, sample: 120 },
	angle: angle(44),
	folded_angle: angle(15, 16),
	unclustered: 0.03,
	labels: null,
	reasons: {},
	...part,
});

describe("verdict", () => {
	it("says that direction plays no part", () => {
		const { text, careful } = verdict(audit({}));
		expect(text).toMatch(
			/^Turned copies find their original: 100.%\. Neighbours' angles: 44° ± 1°/,
		);
		expect(text).toMatch(/\(45° is chance\)\. Direction plays no part\.$/);
		expect(careful).toBe(false);
	});
	it("warns of clusters that are directions, and of lost copies alone", () => {
		const driven = verdict(
			audit({ retrieval: { share: 0.02, n: 480, sample: 120 }, angle: angle(9) }),
		);
		expect(driven.careful).toBe(true);
		expect(driven.text).toContain("directions more than kinds");
		expect(verdict(audit({ angle: angle(36) })).text).toContain("plays a part");
		expect(verdict(audit({ retrieval: { share: 0.3, n: 480, sample: 120 } })).careful).toBe(true);
	});
	it("gives the reason where a figure is missing, and no judgement", () => {
		const { text, careful } = verdict(
			audit({
				retrieval: null,
				angle: null,
				reasons: { retrieval: "The model has no weights.", angle: "Too few are elongated." },
			}),
		);
		expect(text).toBe(
			"Turned copies could not be looked for: the model has no weights. Too few are elongated.",
		);
		expect(careful).toBe(false);
	});
	it("is not moved by what the spread allows", () => {
		expect(verdict(audit({ angle: { ...angle(38), error: 3 } })).careful).toBe(false);
	});
});

describe("what is left, and a map", () => {
	it("is what eight symmetries leave of the direction", () => {
		const { text, careful } = verdict(audit({ folded_angle: angle(5, 16) }));
		expect(text).toContain("within a quarter turn neighbours still lie 5° apart (16° is chance");
		expect(text).not.toContain("Direction plays no part");
		expect(careful).toBe(false);
	});
	it("is named by method and embedding", () => {
		expect(mapTitle({ method: "parametric_umap", embedding: "latent" })).toBe(
			"Parametric UMAP of the autoencoder's latent vectors",
		);
		expect(mapTitle({ audit: audit({}) })).toBe("UMAP of the measurements");
		expect(mapResult({ accuracy: 1 })).toBeNull();
		expect(mapResult({ method: "umap" })).not.toBeNull();
	});
});
