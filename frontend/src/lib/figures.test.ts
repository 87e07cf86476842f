import { describe, expect, it } from "vitest";
import { range, stated, wilson } from "./figures";

describe("stated", () => {
	it("gives spread and cases", () => {
		expect(stated({ mean: 0.8134, sd: 0.0213, n: 203 })).toBe("0.81 ± 0.02 (n = 203)");
	});
	it("leaves out what was not measured", () => {
		expect(stated({ mean: 0.5, n: 12345 })).toBe("0.50 (n = 12\u202f345)");
		expect(stated(null)).toBe("–");
		expect(stated({ mean: Number.NaN })).toBe("–");
	});
});

describe("wilson", () => {
	it("agrees with the published value for 8 of 10", () => {
		const [low, high] = wilson(8, 10) as [number, number];
		expect(low).toBeCloseTo(0.4902, 3);
		expect(high).toBeCloseTo(0.9433, 3);
	});
	it("has width at the ends and nothing to say about no cases", () => {
		expect(wilson(0, 10)?.[1]).toBeGreaterThan(0.2);
		expect(wilson(10, 10)?.[1]).toBeCloseTo(1, 9);
		expect(wilson(0, 0)).toBeNull();
	});
});

it("writes an interval", () => {
	expect(range([0.7712, 0.8399])).toBe("0.77–0.84");
});
