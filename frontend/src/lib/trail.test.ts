import { describe, expect, it } from "vitest";
import { Trail } from "./trail";

function trailOf(n: number) {
	const labelled = new Set<number>();
	const trail = new Trail((o) => !labelled.has(o));
	trail.follow(Int32Array.from({ length: n }, (_, i) => i));
	return {
		trail,
		label() {
			labelled.add(trail.current);
			return trail.next();
		},
		unlabel(o: number) {
			labelled.delete(o);
			trail.show(o);
		},
	};
}

describe("Trail", () => {
	it("goes through every cutout once and then says that nothing is left", () => {
		const { trail, label } = trailOf(3);
		expect(trail.current).toBe(0);
		expect([label(), label(), label()]).toEqual([1, 2, -1]);
	});

	it("brings skipped ones again at the end", () => {
		const { trail, label } = trailOf(3);
		expect(trail.skip()).toBe(1);
		label();
		expect(label()).toBe(0);
	});

	it("goes back, and forward to where it was", () => {
		const { trail, label } = trailOf(4);
		label();
		label();
		expect(trail.back()).toBe(1);
		expect(trail.back()).toBe(0);
		expect(trail.next()).toBe(1);
		expect(trail.next()).toBe(2);
		expect(label()).toBe(3);
	});

	it("shows what was undone and then returns", () => {
		const { trail, label, unlabel } = trailOf(4);
		label();
		label();
		unlabel(1);
		expect(trail.current).toBe(1);
		expect(label()).toBe(2);
	});

	it("shows a cutout of an earlier session before the current one", () => {
		const { trail } = trailOf(4);
		trail.show(3);
		expect(trail.current).toBe(3);
		expect(trail.next()).toBe(0);
	});

	it("tells what comes next without moving", () => {
		const { trail } = trailOf(10);
		expect(trail.upcoming(3)).toEqual([1, 2, 3]);
		expect(trail.current).toBe(0);
	});

	it("keeps the current one when the order changes", () => {
		const { trail } = trailOf(4);
		trail.next();
		trail.follow(Int32Array.of(3, 2, 1, 0));
		expect(trail.current).toBe(1);
		expect(trail.next()).toBe(3);
	});
});
