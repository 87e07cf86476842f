import { describe, expect, test } from "vitest";
import { applyCut, CutError, formatCuts, parseCuts } from "./cuts";

const any = () => true;

describe("cuts", () => {
	test("read as a physicist writes them", () => {
		const cuts = [
			{ column: "charge", low: 1200, high: Number.POSITIVE_INFINITY },
			{ column: "length", low: Number.NEGATIVE_INFINITY, high: 40 },
			{ column: "Area (ABD)", low: 0.5, high: 2 },
		];
		const text = "charge > 1200 & length < 40 & 0.5 < `Area (ABD)` < 2";
		expect(formatCuts(cuts)).toBe(text);
		expect(parseCuts(text, any)).toEqual(cuts);
	});

	test("any order, brackets, exponents and two cuts on one column are understood", () => {
		expect(parseCuts("(1.2e3 < charge) & charge<5e3", any)).toEqual([
			{ column: "charge", low: 1200, high: 5000 },
		]);
		expect(parseCuts("40 > length", any)).toEqual([
			{ column: "length", low: Number.NEGATIVE_INFINITY, high: 40 },
		]);
		expect(parseCuts("  ", any)).toEqual([]);
		expect(parseCuts("`R&D` > 1", any)[0]!.column).toBe("R&D");
	});

	test("what cannot be read is named", () => {
		expect(() => parseCuts("charge >", any)).toThrow(CutError);
		expect(() => parseCuts("colour > 1", (name) => name === "charge")).toThrow("“colour”");
	});

	test("ends are exclusive, undefined values fail, a shorter column fails", () => {
		const mask = new Uint8Array(5).fill(1);
		applyCut(mask, Float32Array.from([1, 2, 3, Number.NaN]), { column: "a", low: 1, high: 3 });
		expect([...mask]).toEqual([0, 1, 0, 0, 0]);
		const open = new Uint8Array(2).fill(1);
		applyCut(open, Float32Array.from([-1e30, Number.NaN]), {
			column: "a",
			low: Number.NEGATIVE_INFINITY,
			high: 0,
		});
		expect([...open]).toEqual([1, 0]);
	});
});
