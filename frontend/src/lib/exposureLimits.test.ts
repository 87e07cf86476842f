import { describe, expect, it } from "vitest";
import { exposureLimits } from "./exposureLimits";

/** Noise of 5 with one pixel in a thousand at 1000. */
const frame = Float32Array.from({ length: 20_000 }, (_, i) =>
	i % 1000 === 0 ? 1000 : 5 * Math.sin(i * 12.9898),
);

describe("exposureLimits", () => {
	it("keeps the noise at the dark end and the tracks at the bright one", () => {
		const { low, high } = exposureLimits(frame, frame, 5, "asinh", 99.5);
		expect(low).toBe(-5);
		expect(Math.abs(high - 1000)).toBeLessThan(2);
	});

	it("measures the noise itself where it is not told", () => {
		const { low, high } = exposureLimits(frame, frame, null, "log", 99.5);
		expect(low).toBeLessThan(-1);
		expect(low).toBeGreaterThan(-10);
		expect(Math.abs(high - 1000)).toBeLessThan(2);
	});

	it("stands an empty frame and one without any noise", () => {
		const dark = new Float32Array(100);
		const { low, high } = exposureLimits(dark, dark, 0, "linear", 99.5);
		expect(high).toBeGreaterThan(low);
		const clean = exposureLimits(
			frame.map((v) => Math.min(v, 5)),
			dark,
			5,
			"asinh",
			99.5,
		);
		expect(clean.high).toBe(250);
	});
});
