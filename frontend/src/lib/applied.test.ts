import { describe, expect, it } from "vitest";
import {
	type Applied,
	appliedOf,
	byConfidence,
	classesHere,
	correctedSum,
	countNotes,
	countsAbove,
	keptAbove,
	nearestPoint,
	purityAt,
} from "./applied";

const predicted = Int16Array.from([0, 1, 1, 0, -1]);
const confidence = Float32Array.from([0.95, 0.6, 0.99, 0.7, Number.NaN]);

describe("predictions above a threshold", () => {
	it("are counted by class, those without a prediction left out", () => {
		expect(countsAbove(predicted, confidence, 0, 2)).toEqual([2, 2]);
		expect(countsAbove(predicted, confidence, 0.9, 2)).toEqual([1, 1]);
	});

	it("leave an excluded class out", () => {
		expect([...keptAbove(predicted, confidence, 0.65, (k) => k !== 1)]).toEqual([0, 3]);
	});

	it("are shown from the sure or from the unsure end", () => {
		expect([...byConfidence(predicted, confidence, 1, 0, true)]).toEqual([2, 1]);
		expect([...byConfidence(predicted, confidence, 1, 0, false)]).toEqual([1, 2]);
	});
});

it("takes the purity of the next lower threshold that was measured", () => {
	const of = (value: number) => ({ value, interval: [0, 1] as [number, number], n: 5 });
	const applied = { thresholds: [0, 0.9, 0.95], purity: [[of(0.7)], [of(0.8)], [null]] };
	expect(purityAt(applied as unknown as Applied, 0, 0.93)?.value).toBe(0.8);
	expect(purityAt(applied as unknown as Applied, 0, 0.9)?.value).toBe(0.8);
	expect(purityAt(applied as unknown as Applied, 0, 0.5)?.value).toBe(0.7);
	expect(purityAt(applied as unknown as Applied, 0, 0.99)).toBeNull();
});

it("meets classes of two label sets by name, and gives none an id of the other set", () => {
	const model = [
		{ id: 1, name: "X-ray" },
		{ id: 2, name: "worm" },
	];
	const here = [
		{ id: 2, name: "muon" },
		{ id: 7, name: "x ray" },
	];
	expect(classesHere(model, here).map((c) => c.id)).toEqual([7, 0]);
});

it("finds the point under the pointer and none far from it", () => {
	const positions = [0, 0, Number.NaN, Number.NaN, 3, 4];
	expect(nearestPoint(positions, 3.1, 4, 1)).toBe(2);
	expect(nearestPoint(positions, 9, 9, 1)).toBe(-1);
});

describe("corrected counts", () => {
	const stated = (class_name: string, count: number | null, reason: string | null = null) => ({
		class_name,
		verdict: count === null ? "not_identifiable" : "measured",
		count,
		interval: [0, 80],
		held_out: 2,
		reason,
		words: count === null ? "not identifiable (0 to 80)" : `${count} (0 to 80)`,
	});
	const result = {
		n: 200,
		classes: ["muon", "electron", "multiple"],
		counts: [66, 134, 0],
		corrected: [stated("muon", 60), stated("electron", 130), stated("multiple", null, "2 labels")],
		together: [{ classes: ["muon", "multiple"], words: "70 (50 to 90)" }],
	};

	it("are summed only over classes that the labels carry, and all are all", () => {
		const applied = appliedOf(result) as Applied;
		expect(correctedSum(applied, () => true)).toBe(200);
		expect(correctedSum(applied, (k) => k < 2)).toBe(190);
		expect(correctedSum(applied, (k) => k > 0)).toBeNull();
	});

	it("come with the reason where none can be stated", () => {
		expect(countNotes(appliedOf(result) as Applied)).toEqual([
			"muon and multiple together: 70 (50 to 90).",
			"Not identifiable: multiple (2 labels).",
		]);
	});

	it("of an older version are not repeated, for they did not say what the labels carry", () => {
		const old = { ...result, corrected: [{ count: 0, interval: [0, 0] }], together: undefined };
		const applied = appliedOf(old) as Applied;
		expect(applied.corrected[0]?.count).toBeNull();
		expect(applied.corrected[0]?.words).toBe("–");
		expect(countNotes(applied)[0]).toContain("apply the model again");
	});
});
