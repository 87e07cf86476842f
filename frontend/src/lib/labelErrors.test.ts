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
