import { describe, expect, test } from "vitest";
import { drawn, imported, progress, shuffled, suspects, withDraws } from "./orders";

test("a shuffled order holds every cutout once, and the seed alone decides it", () => {
	const order = shuffled(1000, 7);
	expect([...order].sort((a, b) => a - b)).toEqual([...imported(1000)]);
	expect([...shuffled(1000, 7)]).toEqual([...order]);
	expect([...shuffled(1000, 8)]).not.toEqual([...order]);
});

test("the server can draw the same order", () => {
	// The same numbers stand in tests/backend/test_draws.py.
	expect([...shuffled(12, 7)]).toEqual([7, 10, 3, 5, 1, 8, 2, 4, 6, 9, 11, 0]);
	expect([...shuffled(5, 4294967295)]).toEqual([3, 1, 2, 0, 4]);
});

describe("a chosen order with random checks", () => {
	const always = () => true;

	test("every fifth is the next of the draw, the others keep their order", () => {
		const { ordinals, places } = withDraws(imported(100), 7, 5, always);
		const checks = [...ordinals].filter((_, i) => i % 5 === 4);
		const rest = [...ordinals].filter((_, i) => i % 5 !== 4);
		expect([...ordinals].sort((a, b) => a - b)).toEqual([...imported(100)]);
		expect(rest).toEqual([...rest].sort((a, b) => a - b));
		expect(checks.every((o) => (places[o] as number) > 0)).toBe(true);
		expect(rest.every((o) => places[o] === 0)).toBe(true);
		// Along the draw its places rise, and each names its cutout.
		const draw = shuffled(100, 7);
		let before = 0;
		for (const o of checks) {
			const place = places[o] as number;
			expect(place).toBeGreaterThan(before);
			expect(draw[place - 1]).toBe(o);
			before = place;
		}
	});

	test("whoever the draw passed over came up before or has a label", () => {
		const labelled = new Set([3, 5, 7, 50]);
		const { ordinals, places } = withDraws(imported(100), 7, 5, (o) => !labelled.has(o));
		const draw = shuffled(100, 7);
		const at = new Map([...ordinals].map((o, i) => [o, i]));
		for (const o of ordinals) {
			const place = places[o] as number;
			for (const passed of draw.slice(0, Math.max(0, place - 1))) {
				const earlier = (at.get(passed) as number) < (at.get(o) as number);
				expect(earlier || labelled.has(passed)).toBe(true);
			}
		}
		expect([...ordinals.slice(-4)].sort((a, b) => a - b)).toEqual([3, 5, 7, 50]);
	});

	test("none where none is asked for", () => {
		const { ordinals, places } = withDraws(imported(20), 7, 0, always);
		expect([...ordinals]).toEqual([...imported(20)]);
		expect(places.some((p) => p > 0)).toBe(false);
	});

	test("a million are mixed at once", () => {
		const began = performance.now();
		expect(withDraws(imported(1_000_000), 7, 5, always).ordinals.length).toBe(1_000_000);
		expect(performance.now() - began).toBeLessThan(3000);
	});

	test("the random order is all draw", () => {
		const { ordinals, places } = drawn(50, 3);
		expect([...ordinals].map((o) => places[o])).toEqual([...imported(50)].map((i) => i + 1));
	});
});

describe("labels to check", () => {
	test("suspects come by doubt; what is below one or unlabelled is none", () => {
		const doubt = Float32Array.from([0.9, 1.2, Number.NaN, 1.8, 1, 1.2]);
		expect([...suspects(doubt)]).toEqual([3, 1, 5]);
	});

	test("progress counts suspects alone", () => {
		const reviews = new Map([
			[3, true],
			[5, false],
			[0, true],
		]);
		expect(progress(Int32Array.from([3, 1, 5]), reviews)).toEqual({
			suspects: 3,
			checked: 2,
			changed: 1,
		});
	});
});
