import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { applyCut, applyNames, type Cut, CutError, formatCuts, isRange, parseCuts } from "./cuts";

/** Shared with the command line's parser, see tests/contract/test_cuts.py. */
const shared = JSON.parse(
	readFileSync(new URL("../../../tests/contract/cuts.json", import.meta.url), "utf8"),
) as {
	read: { text: string; cuts: Record<string, unknown>[]; canonical: string }[];
	refused: string[];
	applied: {
		values: { charge: (number | null)[]; class: (string | null)[] };
		cases: { text: string; passes: number[] }[];
	};
};
const any = () => true;

function plain(cut: Cut): Record<string, unknown> {
	if (!isRange(cut))
		return { column: cut.column, names: cut.names, ...(cut.out ? { out: true } : {}) };
	const { column, low, high, lowIn, highIn } = cut;
	return {
		column,
		...(low > -Infinity ? { low } : {}),
		...(high < Infinity ? { high } : {}),
		...(lowIn ? { low_in: true } : {}),
		...(highIn ? { high_in: true } : {}),
	};
}

describe("cuts", () => {
	test.each(shared.read)("$text", ({ text, cuts, canonical }) => {
		const read = parseCuts(text, any);
		expect(read.map(plain)).toEqual(cuts);
		expect(formatCuts(read)).toBe(canonical);
		expect(parseCuts(canonical, any)).toEqual(read);
	});

	test.each(shared.refused)("%s is refused", (text) => {
		expect(() => parseCuts(text, any)).toThrow(CutError);
	});

	test.each(shared.applied.cases)("$text passes $passes", ({ text, passes }) => {
		const { values } = shared.applied;
		const names = ["muon", "X-ray", "other"];
		const mask = new Uint8Array(values.charge.length).fill(1);
		for (const cut of parseCuts(text, any)) {
			if (isRange(cut))
				applyCut(
					mask,
					Float32Array.from(values.charge, (v) => v ?? NaN),
					cut,
				);
			else {
				const wanted = new Set(cut.names.map((name) => names.indexOf(name)));
				const codes = values.class.map((name) => (name === null ? -1 : names.indexOf(name)));
				applyNames(mask, codes, wanted, cut.out);
			}
		}
		expect([...mask.keys()].filter((i) => mask[i])).toEqual(passes);
	});

	test("what cannot be read, and every column that is missing, is named", () => {
		expect(() => parseCuts("charge > 1 & len <", any)).toThrow("something is missing");
		expect(() => parseCuts("charge > 1 & 3 $", any)).toThrow("“$”");
		expect(() => parseCuts("charge > 5 | length < 4", any)).toThrow("“&”");
		const known = (name: string, kind: string) => name === "charge" && kind === "number";
		expect(() => parseCuts("colour > 1 & charge > 2 & size < 3", known)).toThrow(
			"There are no columns “colour”, “size”.",
		);
		expect(() => parseCuts("charge == big", known)).toThrow("is a number");
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
