import { describe, expect, it } from "vitest";
import { LabelOverlay } from "./overlay";

function overlayOf(n: number): LabelOverlay {
	const overlay = new LabelOverlay();
	overlay.reset(new Int32Array(n), new Uint8Array(n));
	return overlay;
}

const label = (key: string, ordinals: number[], classId: number) => ({
	key,
	ordinals: Int32Array.from(ordinals),
	classIds: new Int32Array(ordinals.length).fill(classId),
	flags: null,
});

describe("LabelOverlay", () => {
	it("shows an unsent label at once and counts it", () => {
		const overlay = overlayOf(4);
		overlay.push(label("a", [1, 2], 7));
		expect([...overlay.labels]).toEqual([0, 7, 7, 0]);
		expect(overlay.counts.get(7)).toBe(2);
		expect(overlay.nLabelled).toBe(2);
	});

	it("keeps an unsent label on top of what another tab did", () => {
		const overlay = overlayOf(3);
		overlay.push(label("a", [1], 7));
		overlay.merge(label("other", [1, 2], 9));
		expect([...overlay.labels]).toEqual([0, 7, 9]);
		overlay.confirm("a");
		expect([...overlay.labels]).toEqual([0, 7, 9]);
	});

	it("shows the truth again when an action was refused", () => {
		const overlay = overlayOf(2);
		overlay.push(label("a", [0], 7));
		overlay.confirm("a");
		overlay.push(label("b", [0, 1], 8));
		overlay.drop("b");
		expect([...overlay.labels]).toEqual([7, 0]);
		expect(overlay.counts.get(8)).toBe(0);
		expect(overlay.nLabelled).toBe(1);
	});

	it("takes the server's word for what an undo restored", () => {
		const overlay = overlayOf(2);
		overlay.push(label("a", [0], 7));
		overlay.confirm("a");
		overlay.push({ key: "u", ordinals: new Int32Array(0), classIds: null, flags: null });
		overlay.confirm("u", {
			ordinals: Int32Array.of(0),
			classIds: Int32Array.of(0),
			flags: Uint8Array.of(0),
		});
		expect(overlay.labels[0]).toBe(0);
		expect(overlay.nLabelled).toBe(0);
	});

	it("grows without losing labels", () => {
		const overlay = overlayOf(1);
		overlay.push(label("a", [0], 3));
		overlay.grow(3);
		expect([...overlay.labels]).toEqual([3, 0, 0]);
	});
});
