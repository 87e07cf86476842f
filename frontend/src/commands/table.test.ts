import { describe, expect, it } from "vitest";
import type { LabelClass } from "../api/types";
import { globalCommands } from "./global";
import { printed, strokeOf } from "./keys";
import { type LabellingActions, labellingCommands } from "./labelling";
import { duplicates, yieldToClasses } from "./table";

function classesOn(keys: string): LabelClass[] {
	return [...keys].map((key, i) => ({
		id: i + 1,
		ordinal: i,
		name: `class ${key}`,
		key,
		colour: "#e69f00",
		caption: "",
		number: null,
	}));
}

const actions: LabellingActions = {
	label() {},
	accept() {},
	skip() {},
	back() {},
	clear() {},
	toggleDubious() {},
	editNote() {},
	toggleSuggestion() {},
	canLabel: () => true,
	canGoBack: () => true,
	hasSuggestion: () => true,
};

const offered = (keys: string) =>
	yieldToClasses([...labellingCommands(classesOn(keys), actions), ...globalCommands()]);

describe("the command table", () => {
	it("has no two commands on one key, with the preset's classes", () => {
		expect(duplicates(offered("dfjkls"))).toEqual([]);
	});

	it("has no two commands on one key when classes take every letter", () => {
		const commands = offered("abcdefghijklmnopqrstuvwxyz");
		expect(duplicates(commands)).toEqual([]);
		const lost = commands.filter((c) => !c.claims && c.keys.length === 0).map((c) => c.id);
		const keyless = offered("")
			.filter((c) => c.keys.length === 0)
			.map((c) => c.id);
		expect(lost).toEqual(keyless);
	});

	it("gives every command its own name", () => {
		const ids = offered("dfjkls").map((c) => c.id);
		expect(new Set(ids).size).toBe(ids.length);
	});

	it("finds a shared key", () => {
		const [first, second] = offered("dd");
		expect(duplicates([first, second].filter((c) => c !== undefined))).toEqual([
			["d", "class.1", "class.2"],
		]);
	});
});

describe("strokes", () => {
	const press = (key: string, more = {}) =>
		strokeOf({ key, shiftKey: false, ctrlKey: false, metaKey: false, altKey: false, ...more });

	it("are named alike with caps lock on, and name Shift for letters only", () => {
		expect(press("D")).toBe("d");
		expect(press("U", { shiftKey: true })).toBe("Shift+u");
		expect(press("?", { shiftKey: true })).toBe("?");
		expect(press(" ")).toBe("Space");
		expect(press("Z", { shiftKey: true, ctrlKey: true })).toBe("Mod+Shift+z");
	});

	it("are printed as signs", () => {
		expect(printed("Shift+u")).toBe("⇧ u");
		expect(printed("+")).toBe("+");
	});
});
