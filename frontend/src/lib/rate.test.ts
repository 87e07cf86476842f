import { expect, it } from "vitest";
import { Rate } from "./rate";

it("says nothing until five labels were given", () => {
	const rate = new Rate();
	for (let i = 0; i < 4; i++) rate.add(1000 * i);
	expect(rate.perMinute(4000)).toBeNull();
});

it("counts the last minute only", () => {
	const rate = new Rate();
	for (let i = 0; i < 120; i++) rate.add(1000 * i);
	expect(rate.perMinute(119_500)).toBeCloseTo(60, -1);
	expect(rate.perMinute(300_000)).toBeNull();
});
