import { describe, expect, it } from "vitest";
import { binCsv, edges, ratesAt, ratesInBins, tested, thresholdCsv } from "./purity";

const NONE = Number.NaN;
// Cutouts 0 to 5; 2 has no label, 5 was never held out.
const label = [0, 0, -1, 1, 1, 1];
const probability = [0.9, 0.1, 0.4, 0.6, 0.5, 0.5, 0.2, 0.8, 0.3, 0.7, NONE, NONE];
const some = tested(label, probability, 2);

describe("tested", () => {
	it("keeps labelled cutouts that were held out, with their likeliest class", () => {
		expect([...some.ordinal]).toEqual([0, 1, 3, 4]);
		expect([...some.label]).toEqual([0, 0, 1, 1]);
		expect([...some.predicted]).toEqual([0, 1, 1, 1]);
		expect(some.top[2]).toBeCloseTo(0.8);
	});

	it("leaves out labels that figures may not be taken from", () => {
		expect([...tested(label, probability, 2, [1, 0, 1, 0, 1, 1]).ordinal]).toEqual([0, 4]);
	});

	it("is empty without probabilities", () => {
		expect(tested(label, [], 2).label).toHaveLength(0);
	});
});

describe("ratesAt", () => {
	it("is precision and recall at threshold 0", () => {
		const { purity, efficiency } = ratesAt(some, 1, 0);
		expect([purity.k, purity.n]).toEqual([2, 3]);
		expect([efficiency.k, efficiency.n]).toEqual([2, 2]);
		expect(purity.interval?.[0]).toBeLessThan(2 / 3);
		expect(purity.interval?.[1]).toBeGreaterThan(2 / 3);
	});

	it("trades efficiency for purity as the threshold rises", () => {
		const { purity, efficiency } = ratesAt(some, 1, 0.75);
		expect([purity.k, purity.n]).toEqual([1, 1]);
		expect(efficiency.value).toBe(0.5);
	});

	it("has no purity where nothing is taken", () => {
		expect(ratesAt(some, 1, 0.95).purity).toMatchObject({ value: NONE, interval: null, n: 0 });
	});
});

describe("bins", () => {
	it("hold equally many by quantiles", () => {
		expect(edges([5, 1, 4, 2, 3, 6, NONE], 3, "quantiles")).toEqual([1, 3, 5, 6]);
	});

	it("are fewer where values repeat", () => {
		expect(edges([1, 1, 1, 1, 2], 4, "quantiles")).toEqual([1, 2]);
		expect(edges([7, 7], 4, "quantiles")).toEqual([7, 7]);
		expect(edges([NONE], 4, "log")).toEqual([]);
	});

	it("are even in the logarithm and leave out what has none", () => {
		const found = edges([-3, 0, 1, 50, 100], 2, "log");
		expect(found).toHaveLength(3);
		expect(found[1]).toBeCloseTo(10);
	});

	it("hold every cutout with a value once, the largest in the last", () => {
		const bins = ratesInBins(some, 1, 0, [1, 2, 3, NONE], 3, "quantiles");
		expect(bins.map((b) => b.n)).toEqual([1, 2]);
		expect(bins[1]?.efficiency).toMatchObject({ k: 1, n: 1 });
		expect(bins[1]?.purity).toMatchObject({ k: 1, n: 2 });
		expect(ratesInBins(some, 1, 0, [7, 7, 7, 7], 3, "quantiles").map((b) => b.n)).toEqual([4]);
	});
});

describe("CSV", () => {
	it("has a line for every class and threshold, and no number where there is none", () => {
		const lines = thresholdCsv(some, ["muon", 'an "odd", one'], [0, 0.95]).split("\n");
		expect(lines[0]).toMatch(/^class,threshold,purity,purity_low,purity_high,purity_k,purity_n,/);
		expect(lines).toHaveLength(6);
		expect(lines[3]).toMatch(/^"an ""odd"", one",0,0\.66/);
		expect(lines[4]).toContain(",0.95,,,,0,0,0,0,");
	});

	it("states the bounds of bins", () => {
		const bins = ratesInBins(some, 0, 0.5, [1, 2, 3, 4], 2, "quantiles");
		expect(binCsv(bins, "muon", "charge", 0.5).split("\n")[1]).toMatch(/^muon,0\.5,charge,1,3,/);
	});
});
