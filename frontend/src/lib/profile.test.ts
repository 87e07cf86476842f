import { expect, it } from "vitest";
import { chargeProfile } from "./profile";

const total = (values: Float64Array) => values.reduce((a, b) => a + b, 0);

it("conserves the charge of the footprint", () => {
	const pixels = Float32Array.from([1, 9, 2, 0, 5, 7, 1, 1, 30]);
	const mask = Uint8Array.from([0, 1, 1, 0, 1, 1, 0, 0, 1]);
	expect(total(chargeProfile(pixels, mask, 3, 3).charge)).toBeCloseTo(53, 6);
});

it("reads a level line along its length", () => {
	const { charge, angle } = chargeProfile([1, 2, 3, 4, 5], null, 1, 5);
	expect([...charge]).toEqual([1, 2, 3, 4, 5]);
	expect(angle).toBeCloseTo(0);
});

it("finds the axis of a diagonal", () => {
	const pixels = new Float32Array(25);
	for (let i = 0; i < 5; i++) pixels[i * 5 + i] = 10;
	const { charge, angle } = chargeProfile(pixels, null, 5, 5);
	expect(angle).toBeCloseTo(Math.PI / 4);
	expect(charge.length).toBeGreaterThanOrEqual(6);
	expect(total(charge)).toBeCloseTo(50, 5);
});

it("stands a single pixel, NaN and nothing", () => {
	expect([...chargeProfile([7], null, 1, 1).charge]).toEqual([7]);
	expect([...chargeProfile([Number.NaN, 4], Uint8Array.from([1, 1]), 1, 2).charge]).toEqual([4]);
	expect(chargeProfile([0, 0], null, 1, 2).charge).toHaveLength(0);
});
