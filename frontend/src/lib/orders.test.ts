import { describe, expect, it } from "vitest";
import { shuffled } from "./orders";

describe("shuffled", () => {
	it("is a permutation that only the seed decides", () => {
		const once = shuffled(1000, 7);
		expect([...once].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
		expect(shuffled(1000, 7)).toEqual(once);
		expect(shuffled(1000, 8)).not.toEqual(once);
	});
});
