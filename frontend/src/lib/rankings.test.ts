import { describe, expect, it } from "vitest";
import { noveltyOf, RANKINGS, type Ranking, rank, worth } from "./rankings";

describe("rank", () => {
	const values = Float32Array.from([0.2, Number.NaN, 0.9, 0.2, 0.5]);

	it("leaves undefined numbers out and keeps ties in dataset order", () => {
		expect([...rank(values, "largest")]).toEqual([2, 4, 0, 3]);
		expect([...rank(values, "smallest")]).toEqual([0, 3, 4, 2]);
	});

	it("orders numbers of any sign and size, both ways, as a comparison would", () => {
		const wide = Float32Array.from({ length: 500 }, (_, i) =>
			i % 7 === 0 ? 0 : Math.sin(i * 12.9898) * 10 ** ((i % 21) - 10),
		);
		const rising = [...wide.keys()].sort((a, b) => (wide[a] ?? 0) - (wide[b] ?? 0) || a - b);
		expect([...rank(wide, "smallest")]).toEqual(rising);
		const falling = [...wide.keys()].sort((a, b) => (wide[b] ?? 0) - (wide[a] ?? 0) || a - b);
		expect([...rank(wide, "largest")]).toEqual(falling);
		expect([...rank([-0, 0, -1, 1], "smallest")]).toEqual([2, 0, 1, 3]);
	});

	it("shows only what is asked for", () => {
		expect([...rank(values, "largest", (i) => i !== 2)]).toEqual([4, 0, 3]);
	});
});

describe("what a ranking is worth", () => {
	const knn = RANKINGS[0] as Ranking;

	it("is stated from this dataset when it was measured here", () => {
		const novelty = noveltyOf(
			{ novelty: { knn_distance: { mean: 0.812, sd: 0.03 } } },
			"knn_distance",
		);
		expect(worth(knn, novelty).figure).toBe("AUROC 0.81 ± 0.03");
	});

	it("is never passed off as measured when it was not", () => {
		for (const ranking of RANKINGS) expect(worth(ranking, null).figure).toBe("not measured here");
	});

	it("is read from a bare number as well, and from nothing", () => {
		expect(noveltyOf({ novelty: { entropy: 0.7 } }, "entropy")?.auroc).toBe(0.7);
		expect(noveltyOf({ novelty: null }, "entropy")).toBeNull();
		expect(noveltyOf(null, "entropy")).toBeNull();
	});
});
