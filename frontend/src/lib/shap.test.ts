import { describe, expect, it } from "vitest";
import { favourite, pushes, rankShares, spread, strongest, swarm, towardsAndAway } from "./shap";

const features = ["length", "charge", "bend"];
// Two classes: the first is pushed by length, the second away from by it.
const row = [1.2, -0.3, 0.001, -0.8, 0.4, 0];

describe("pushes", () => {
	it("are those of the class asked for, strongest first", () => {
		expect(pushes(row, 0, features).map((p) => p.feature)).toEqual(["length", "charge", "bend"]);
		expect(pushes(row, 1, features)[0]).toEqual({ feature: "length", index: 0, value: -0.8 });
	});

	it("fall into towards and away, without what does nothing", () => {
		const { towards, away } = towardsAndAway(row, 0, features, 5);
		expect(towards.map((p) => p.feature)).toEqual(["length"]);
		expect(away.map((p) => p.feature)).toEqual(["charge"]);
	});
});

describe("favourite", () => {
	it("counts the base beside the pushes", () => {
		expect(favourite(row, [0, 0])).toBe(0);
		expect(favourite(row, [0, 5])).toBe(1);
	});
});

describe("strongest", () => {
	const meanAbs = [
		[0.1, 0.5, 0],
		[0.9, 0.2, 0],
	];
	it("orders by the class, or by all together, and leaves out what is never used", () => {
		expect(strongest(meanAbs, 0, 5)).toEqual([1, 0]);
		expect(strongest(meanAbs, null, 5)).toEqual([0, 1]);
		expect(strongest(meanAbs, null, 1)).toEqual([0]);
	});
});

describe("rankShares", () => {
	it("goes from 0 to 1, ties share, missing stay", () => {
		expect([...rankShares([10, 1000, 20, Number.NaN])]).toEqual([0, 1, 0.5, Number.NaN]);
		expect([...rankShares([3, 3, 5])]).toEqual([0.25, 0.25, 1]);
		expect([...rankShares([3])]).toEqual([0.5]);
	});
});

describe("swarm", () => {
	it("stacks what falls on one place, up and down", () => {
		expect([...swarm([0, 0, 0, 10], 4, 5)].map((v) => v + 0)).toEqual([0, 1, -1, 0]);
	});
	it("never grows beyond its limit", () => {
		const heights = swarm(new Float64Array(100), 4, 3);
		expect(Math.max(...heights)).toBeLessThanOrEqual(3);
		expect(Math.min(...heights)).toBeGreaterThanOrEqual(-3);
	});
});

describe("spread", () => {
	it("takes all of few and evenly of many", () => {
		expect(spread(3, 5)).toEqual([0, 1, 2]);
		expect(spread(100, 4)).toEqual([0, 25, 50, 75]);
	});
});
