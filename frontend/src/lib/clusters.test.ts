import { describe, expect, it } from "vitest";
import { agreement, clustersOf, tallies } from "./clusters";

// Figures of scikit-learn 1.9 (adjusted_rand_score, normalized_mutual_info_score).
const cluster = [0, 0, 0, 1, 1, 1, -1, -1];
const label = [7, 7, 9, 9, 9, 9, 7, 9];

describe("agreement", () => {
	it("is that of scikit-learn", () => {
		const found = agreement(cluster, label);
		expect(found?.ari).toBeCloseTo(0.1111111111111111, 12);
		expect(found?.nmi).toBeCloseTo(0.2862593547449679, 12);
		expect(found?.purity).toBeCloseTo(5 / 6, 12);
		expect(found?.unclustered).toBe(0.25);
		expect(found?.n).toBe(8);
	});
	it("looks at labelled cutouts alone", () => {
		const more = agreement([...cluster, 5, 6], [...label, 0, 0]);
		expect(more).toEqual(agreement(cluster, label));
	});
	it("is whole where clusters are the classes, and nothing without labels", () => {
		const same = agreement([0, 0, 1, 1], [3, 3, 4, 4]);
		expect(same?.ari).toBe(1);
		expect(same?.nmi).toBeCloseTo(1, 12);
		expect(agreement([0, 1], [0, 0])).toBeNull();
	});
	it("has no purity where nothing is clustered", () => {
		expect(agreement([-1, -1], [1, 2])).toMatchObject({ purity: null, unclustered: 1 });
	});
});

describe("clusters", () => {
	it("come by number, what lies in none last, with their largest class", () => {
		const found = clustersOf(cluster, null);
		expect(found.map((c) => c.id)).toEqual([0, 1, -1]);
		expect(tallies(cluster, label).get(0)).toEqual({ labelled: 3, majority: { classId: 7, n: 2 } });
		expect(tallies([2, 2], [0, 0]).get(2)).toBeUndefined();
		expect([...(found[1]?.ordinals ?? [])]).toEqual([3, 4, 5]);
	});
	it("show what lies in their middle, never the same twice", () => {
		const positions = Array.from({ length: 40 }, (_, i) => (i % 2 ? 0 : i / 2));
		const [one] = clustersOf(new Array(20).fill(0), positions, 4);
		expect(new Set(one?.typical).size).toBe(4);
		for (const ordinal of one?.typical ?? []) expect(Math.abs(ordinal - 10)).toBeLessThan(6);
	});
});
