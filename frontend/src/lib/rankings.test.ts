import { describe, expect, it } from "vitest";
import { rank } from "./rankings";

describe("rank", () => {
	const values = Float32Array.from([0.2, Number.NaN, 0.9, 0.2, 0.5]);

	it("leaves undefined numbers out and keeps ties in dataset order", () => {
		expect([...rank(values, "largest")]).toEqual([2, 4, 0, 3]);
		expect([...rank(values, "smallest")]).toEqual([0, 3, 4, 2]);
	});

	it("orders numbers of any sign and size, both ways, as a comparison would", () => {
		const wide = Float32Array.from({ length: 500 }, (_, i) =>
			i % 7 === 0 ? 0 : Math.sin(i * 12.9898) * 10 ** ((i % 21) - 10),
		);
		const rising = [...wide.keys()].sort((a, b) => (wide[a] ?? 0) - (wide[b] ?? 0) || a - b);
		expect([...rank(wide, "smallest")]).toEqual(rising);
		const falling = [...wide.keys()].sort((a, b) => (wide[b] ?? 0) - (wide[a] ?? 0) || a - b);
		expect([...rank(wide, "largest")]).toEqual(falling);
		expect([...rank([-0, 0, -1, 1], "smallest")]).toEqual([2, 0, 1, 3]);
	});

	it("shows only what is asked for", () => {
		expect([...rank(values, "largest", (i) => i !== 2)]).toEqual([4, 0, 3]);
	});
});
