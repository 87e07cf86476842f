import { describe, expect, test } from "vitest";
import {
	continuation,
	due,
	fairWords,
	type Next,
	nextWords,
	ofRows,
	trustWords,
} from "./learningCurve";
import type { EpochRow } from "./modelVersion";

const NEXT: Next = {
	labels: 100,
	from: 300,
	gain: 0.005,
	sd: 0.008,
	interval: [-0.01, 0.02],
	accuracy_now: 0.84,
	accuracy_then: 0.845,
	sd_then: 0.02,
	law: { a: 0.1, b: 1, c: 0.5 },
	verdict: "stop",
};

test("rows told so far become means with their spread", () => {
	const rows: EpochRow[] = [
		{ phase: "random", fold: 0, epoch: 0, labels: 10, accuracy: 0.6 },
		{ phase: "random", fold: 1, epoch: 0, labels: 10, accuracy: 0.8 },
		{ phase: "random", fold: 0, epoch: 1, labels: 25, accuracy: 0.8 },
		{ phase: "typical", fold: 0, epoch: 0, labels: 10, accuracy: 0.7 },
		{ phase: "fold", fold: 0, epoch: 0, accuracy: 0.1 },
	];
	const { random, typical } = ofRows(rows);
	expect(random[0]?.labels).toBe(10);
	expect(random[0]?.mean).toBeCloseTo(0.7);
	expect(random[0]?.sd).toBeCloseTo(0.1414, 3);
	expect(random[1]).toEqual({ labels: 25, mean: 0.8, sd: null });
	expect(typical).toEqual([{ labels: 10, mean: 0.7, sd: null }]);
});

test("the continuation runs from the labels at hand to the next hundred", () => {
	const points = continuation(NEXT);
	expect(points[0]?.labels).toBe(300);
	expect(points.at(-1)?.labels).toBe(400);
	expect(points.at(-1)?.mean).toBeCloseTo(0.9 - 400 ** -0.5);
});

test("what the next labels bring is said with its spread and a piece of advice", () => {
	expect(nextWords(NEXT)).toBe(
		"The next 100 labels would bring 0.5 ± 0.8 points: stop, or label where the model is unsure.",
	);
	expect(nextWords({ ...NEXT, gain: 0.03, verdict: "go_on" })).toContain("more labels pay");
});

describe("trust in an accuracy", () => {
	const accuracy = { mean: 0.81, sd: 0.03, n: 60 };
	test("on drawn labels it is said plainly", () => {
		const truth = { drawn: 60, chosen: 90, unknown: 0, used: "drawn" as const };
		expect(trustWords({ accuracy, truth }, 5)).toEqual({
			text: "accuracy 0.81 ± 0.03 on 60 randomly drawn labels",
			biased: false,
			why: "",
		});
	});
	test("on chosen ones it is called biased, and what is missing is counted", () => {
		const truth = { drawn: 12, chosen: 48, unknown: 0, used: "all" as const, enough: 50 };
		const words = trustWords({ accuracy, truth, biased_sample: true }, 5);
		expect(words?.biased).toBe(true);
		expect(words?.why).toContain("12 of the 50 randomly drawn labels needed");
	});
	test("labels from files are neither", () => {
		const truth = { drawn: 0, chosen: 0, unknown: 60, used: "all" as const };
		const words = trustWords({ accuracy, truth, biased_sample: false }, 5);
		expect(words?.biased).toBe(false);
		expect(words?.why).toContain("not known");
	});
});

describe("advice on random checks", () => {
	const truth = { drawn: 13, chosen: 90, unknown: 0, used: "all" as const, enough: 50 };
	test("counts them where they are on, and does not ask to turn them on", () => {
		expect(fairWords(truth, 5)).toBe(
			"13 of the 50 randomly drawn labels needed were there at this training; every 5th cutout of a chosen order is such a random check.",
		);
	});
	test("asks for them where they are off", () => {
		expect(fairWords(truth, 0)).toContain("random checks are off: turn them on");
	});
	test("asks for no more where enough were drawn and too few could be held out", () => {
		expect(fairWords({ ...truth, drawn: 60 }, 5)).toContain("could be held out");
	});
});

test("a curve is due every 25 labels, once", () => {
	expect(due(40, null)).toBeNull();
	expect(due(50, null)).toBe(2);
	expect(due(74, 50)).toBeNull();
	expect(due(76, 50)).toBe(3);
	expect(due(306, 306)).toBeNull();
});
