import { describe, expect, it } from "vitest";
import { canonical, type DraftClass, freeKey, problems } from "./labelSet";

const one = (name: string, key: string): DraftClass => ({
	name,
	key,
	colour: "#56b4e9",
	caption: "",
	number: null,
});

describe("problems", () => {
	it("finds nothing wrong with the preset's keys", () => {
		const preset = [
			one("muon", "d"),
			one("electron", "f"),
			one("X-ray", "j"),
			one("other", "k"),
			one("multiple", "l"),
			one("readout error", "s"),
		];
		expect(problems(preset)).toEqual(["", "", "", "", "", ""]);
	});

	it("names a shared key, an impossible key and a shared name", () => {
		expect(problems([one("a1", "x"), one("a2", "X")])[1]).toBe("shares its key with a1");
		expect(problems([one("blank", " ")])[0]).toBe("needs a letter, digit or sign");
		expect(problems([one("X-ray", "x"), one("x ray", "y")])[0]).toBe("has the name of class 2");
		expect(problems([one("", "q")])[0]).toBe("needs a name");
	});
});

describe("freeKey", () => {
	it("takes a letter of the name that is free and has no command on it", () => {
		expect(freeKey("bubble", [])).toBe("l");
		expect(freeKey("worm", [{ key: "w" }])).toBe("o");
	});
});

describe("canonical", () => {
	it("ignores case, hyphens and blanks", () => {
		expect(canonical("X-ray")).toBe(canonical("x_Ray "));
	});
});
