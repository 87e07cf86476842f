import { describe, expect, it } from "vitest";
import { byTrust, experimentOf, heat, noveltiesOf, trustOf, worth } from "./novelty";
import { RANKINGS, type Ranking } from "./rankings";

const judged = {
	auroc: 0.9,
	interval: [0.8, 0.95],
	precision: 0.7,
	looked_at: 30,
	base_rate: 0.4,
	n_unseen: 30,
	n_known: 45,
};
const result = {
	rankings: {
		knn_distance: {
			auroc: 0.85,
			sd: 0.04,
			precision: 0.7,
			base_rate: 0.45,
			per_class: { muon: judged },
		},
		entropy: { auroc: 0.75, sd: 0.1, precision: 0.6, base_rate: 0.45, per_class: {} },
	},
	classes: ["muon"],
	n: 306,
	default: "rank_ensemble",
};
const metrics = { novelty: { knn_distance: { auroc: 0.7, sd: null }, margin: { auroc: 0.8 } } };
const knn = RANKINGS.find((r) => r.column === "knn_distance") as Ranking;

describe("what a ranking is worth", () => {
	it("is the experiment's figure before the training's", () => {
		const experiment = experimentOf(result);
		expect(trustOf("knn_distance", experiment, metrics)?.novelty.auroc).toBe(0.85);
		expect(trustOf("margin", experiment, metrics)?.from).toBe("training");
		expect(trustOf("lof", experiment, metrics)).toBeNull();
	});

	it("says how many were looked at, what they held and what chance would have brought", () => {
		const trust = trustOf("knn_distance", experimentOf(result), null);
		expect(worth(knn, trust)).toEqual({
			figure: "AUROC 0.85 ± 0.04",
			words: "first 30: 0.70 of an unseen class, 0.45 by chance",
		});
	});

	it("says nothing of the first 50 where an older result ranked no more than those", () => {
		const old = (n_unseen: number, n_known: number) =>
			noveltiesOf({
				entropy: {
					auroc: 0.8,
					precision_at_50: 0.45,
					base_rate: 0.45,
					per_class: {
						a: { auroc: 0.8, precision_at_50: 0.45, base_rate: 0.45, n_unseen, n_known },
					},
				},
			}).entropy;
		expect(old(18, 22)?.precision).toBeNull();
		expect(old(18, 22)?.lookedAt).toBeNull();
		expect(old(80, 90)?.precision).toBe(0.45);
		expect(old(80, 90)?.lookedAt).toEqual([50, 50]);
	});

	it("names the range where classes differ in number", () => {
		const entry = { auroc: 0.8, precision: 0.5, base_rate: 0.3 };
		const of = (looked_at: number) => ({ ...entry, looked_at, n_unseen: looked_at, n_known: 60 });
		const novelty = noveltiesOf({ entropy: { ...entry, per_class: { a: of(8), b: of(50) } } });
		expect(
			novelty.entropy && worth(knn, { novelty: novelty.entropy, from: "experiment" }).words,
		).toBe("first 8 to 50: 0.50 of an unseen class, 0.30 by chance");
	});

	it("names the short check of a training as such", () => {
		expect(worth(knn, trustOf("knn_distance", null, metrics)).words).toContain("in training");
	});

	it("says of a model from elsewhere that it was measured there", () => {
		const trust = trustOf("knn_distance", null, metrics, true);
		expect(worth(knn, trust)).toEqual({
			figure: "not measured here",
			words: "AUROC 0.70 where the model was trained",
		});
	});

	it("is never passed off as measured when it was not", () => {
		for (const ranking of RANKINGS) expect(worth(ranking, null).figure).toBe("not measured here");
	});

	it("is read from the bare numbers of older versions, and from nothing", () => {
		const old = noveltiesOf({ entropy: 0.7, margin: { auroc: 0.6, per_class: { "0": 0.65 } } });
		expect(old.entropy?.auroc).toBe(0.7);
		expect(old.margin?.perClass["0"]?.auroc).toBe(0.65);
		expect(noveltiesOf(null)).toEqual({});
		expect(experimentOf({ rankings: {} })).toBeNull();
	});
});

describe("the order of rankings", () => {
	it("is by what they find, the unmeasured behind as they are listed", () => {
		const order = byTrust(RANKINGS, (column) => trustOf(column, experimentOf(result), metrics));
		const names = order.map((r) => r.column);
		expect(names.slice(0, 3)).toEqual(["knn_distance", "margin", "entropy"]);
		const rest = RANKINGS.map((r) => r.column).filter((c) => !names.slice(0, 3).includes(c));
		expect(names.slice(3)).toEqual(rest);
	});
});

it("colours no figure that a coin would reach", () => {
	expect([heat(0.3), heat(0.5), heat(0.75), heat(1)]).toEqual([0, 0, 0.5, 1]);
});
