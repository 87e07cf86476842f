import { expect, test } from "vitest";
import { labelsNow, newerWords } from "./freezing";

const at = (state: string, message: string) =>
	labelsNow({ state, progress: { fraction: 0, message } });

test("a training that waits learns from what is labelled until it begins", () => {
	expect(at("queued", "")).toContain("what you label until then is among them");
	expect(at("queued", "")).not.toContain("next one");
});

test("while the labels are read nothing is promised", () => {
	expect(at("running", "")).toContain("reading the labels");
	expect(at("running", "reading labels and cutouts")).toContain("reading the labels");
});

test("once they are read, new labels are for the next training", () => {
	expect(at("running", "packing cutouts")).toContain("for the next one");
	expect(at("running", "fold 1/5")).toContain("for the next one");
});

test("labels that differ are counted in words", () => {
	expect(`${newerWords(1)} this model learned`).toBe(
		"1 label differs from what this model learned",
	);
	expect(newerWords(171)).toBe("171 labels differ from what");
});
