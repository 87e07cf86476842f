import { expect, test } from "vitest";
import { doubtWorth } from "./labelErrors";

test("suspects are counted, with the share that may be wrong", () => {
	const label_errors = { n: 306, n_suspect: 37, noise_rate: 0.142, pairs: [] };
	expect(doubtWorth({ label_errors })).toEqual({
		figure: "37 suspect",
		words: "of 306 labels; about 14\u202f% may be wrong",
	});
	expect(doubtWorth({}).figure).toBe("not measured here");
});

test("nothing is said of labels that could not be held out, and no rate of a handful", () => {
	const none = { n: 0, n_suspect: 0, noise_rate: null, pairs: [] };
	expect(doubtWorth({ label_errors: none }).figure).toBe("not measured here");
	const few = { n: 4, n_suspect: 2, noise_rate: 0.5, pairs: [] };
	expect(doubtWorth({ label_errors: few })).toEqual({ figure: "2 suspect", words: "of 4 labels" });
});
