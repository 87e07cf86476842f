import { describe, expect, it } from "vitest";
import type { Job } from "../api/types";
import {
	axisFor,
	bestSoFar,
	importanceOf,
	newStudy,
	placeOn,
	ranked,
	shortValue,
	studies,
	trialsOf,
	valueRange,
} from "./search";

function job(id: number, more: object): Job {
	return {
		id,
		kind: "search_hyperparameters",
		state: "running",
		params: { architecture: "seed_cnn", study: "ours" },
		...more,
	} as unknown as Job;
}

function row(epoch: number, state: string, value: number | null, more: object = {}) {
	return { phase: "trial", epoch, state, value, params: '{"filters": 8}', ...more };
}

describe("studies", () => {
	it("gather the jobs of one name, the newest first", () => {
		const found = studies([
			job(1, {}),
			job(4, { params: { architecture: "trees", study: null } }),
			job(3, {}),
			job(2, { kind: "fit_map" }),
		]);
		expect(found.map((s) => [s.name, s.jobs.map((j) => j.id)])).toEqual([
			["search-4", [4]],
			["ours", [3, 1]],
		]);
	});

	it("are told by all their jobs, an ended trial over the same one while it ran", () => {
		const one = job(1, { curve: [row(0, "complete", 0.7), row(2, "running", 0.4)] });
		const other = job(2, {
			result: {
				trials: [
					{ number: 0, state: "running", value: 0.5, params: {} },
					{ number: 1, state: "complete", value: 0.8, accuracy_sd: 0.02, params: { filters: 9 } },
				],
			},
		});
		for (const jobs of [
			[one, other],
			[other, one],
		]) {
			const trials = trialsOf(jobs);
			expect(trials.map((t) => [t.number, t.state, t.value])).toEqual([
				[0, "complete", 0.7],
				[1, "complete", 0.8],
				[2, "running", 0.4],
			]);
			expect(trials[1]?.sd).toBe(0.02);
			expect(trials[2]?.params).toEqual({ filters: 8 });
		}
	});

	it("know their best, and the best up to each trial", () => {
		const trials = trialsOf([
			job(1, {
				curve: [
					row(0, "complete", 0.6),
					row(1, "failed", null),
					row(2, "complete", 0.8),
					row(3, "pruned", 0.9),
					row(4, "complete", 0.7),
				],
			}),
		]);
		expect(ranked(trials).map((t) => t.number)).toEqual([2, 4, 0]);
		expect(bestSoFar(trials)).toEqual([
			{ x: 0, y: 0.6 },
			{ x: 2, y: 0.8 },
			{ x: 4, y: 0.8 },
		]);
	});

	it("are drawn in the range of the trials that ended, not of those given up", () => {
		const far = [row(0, "complete", 0.8), row(1, "complete", 0.7), row(2, "pruned", 0.1)];
		const range = valueRange(trialsOf([job(1, { curve: far })]));
		expect(range?.[0]).toBeCloseTo(0.65);
		expect(range?.[1]).toBe(0.8);
		expect(valueRange([])).toBeNull();
	});

	it("say what mattered by the last word on it", () => {
		const early = row(5, "complete", 0.6, { importance: '[{"name":"a","importance":1}]' });
		const late = row(9, "complete", 0.6, { importance: '[{"name":"b","importance":1}]' });
		const ended = { result: { importance: [{ name: "c", importance: 1 }] }, finished_at: "2026" };
		expect(importanceOf([job(1, { curve: [early, late] })])[0]?.name).toBe("b");
		expect(importanceOf([job(1, { curve: [early], ...ended })])[0]?.name).toBe("c");
		expect(importanceOf([job(1, ended), job(2, { curve: [late] })])[0]?.name).toBe("b");
		expect(importanceOf([job(1, {})])).toEqual([]);
	});
});

describe("axes", () => {
	it("spread decades evenly and words each at its place", () => {
		const rate = axisFor([1e-4, 1e-2, 1e-3]);
		expect(rate).toMatchObject({ kind: "number", log: true });
		expect(rate && placeOn(rate, 1e-3)).toBeCloseTo(0.5);
		const words = axisFor(["sqrt", "all", "sqrt"]);
		expect(words && placeOn(words, "sqrt")).toBeCloseTo(0.75);
		const one = axisFor([3, 3]);
		expect(one && placeOn(one, 3)).toBe(0.5);
		expect(axisFor([])).toBeNull();
	});

	it("follow what the space says where it is known", () => {
		const known = { name: "x", about: "", log: false, default: 1 };
		expect(axisFor([0.001, 1], known)).toMatchObject({ log: false });
	});
});

describe("words", () => {
	it("give a value four digits at most", () => {
		expect([40, 0.31234, 0.00036761, "sqrt"].map(shortValue)).toEqual([
			"40",
			"0.312",
			"3.7e−4",
			"sqrt",
		]);
	});

	it("name a study by what it searches and when", () => {
		expect(newStudy("trees", new Date(2026, 0, 5, 9, 7, 3))).toBe("trees-20260105-090703");
	});
});
