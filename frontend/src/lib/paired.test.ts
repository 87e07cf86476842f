import { describe, expect, it } from "vitest";
import { asIds, compare, mcnemar } from "./paired";

const judged = (label: number[], heldOut: number[]) => ({
	label: Int32Array.from(label),
	heldOut: Int32Array.from(heldOut),
});

describe("two versions on the same cutouts", () => {
	it("counts who alone is right", () => {
		const a = judged([1, 1, 2, 2, 3, 0], [1, 1, 2, 1, 3, 0]);
		const b = judged([1, 1, 2, 2, 3, 1], [1, 2, 1, 2, 0, 1]);
		const found = compare(a, b)!;
		expect(found.n).toBe(4); // the fifth was not held out by b, the sixth has no label in a
		expect([...found.onlyFirst]).toEqual([1, 2]);
		expect([...found.onlySecond]).toEqual([3]);
		expect(found.bothRight).toBe(1);
		expect(found.difference).toBeCloseTo(0.25);
	});

	it("leaves out cutouts whose label changed between the two", () => {
		expect(compare(judged([1], [1]), judged([2], [2]))).toBeNull();
	});

	it("brackets the difference", () => {
		const label = new Array<number>(100).fill(1);
		const first = label.map((_, i) => (i < 90 ? 1 : 2));
		const second = label.map((_, i) => (i < 70 ? 1 : 2));
		const found = compare(judged(label, first), judged(label, second))!;
		expect(found.difference).toBeCloseTo(0.2);
		// sqrt(20 - 4) / 100 = 0.04
		expect(found.interval[0]).toBeCloseTo(0.2 - 1.96 * 0.04, 3);
		expect(found.p).toBeCloseTo(2 / 2 ** 20, 8);
	});

	it("agrees with known values of the exact test", () => {
		expect(mcnemar(0, 0)).toBe(1);
		expect(mcnemar(5, 5)).toBe(1);
		expect(mcnemar(1, 9)).toBeCloseTo(22 / 1024, 10);
		expect(mcnemar(10_000, 10_300)).toBeGreaterThan(0.03);
		expect(mcnemar(10_000, 10_300)).toBeLessThan(0.04);
	});

	it("turns class numbers into ids", () => {
		expect([...asIds([0, -1, 1], [{ id: 7 }, { id: 9 }])]).toEqual([7, 0, 9]);
	});
});
