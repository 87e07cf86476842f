import { describe, expect, it } from "vitest";
import type { AccountFile, Table } from "../api/look";
import { answersTo, asked, hasMore, inOrder, questionOf } from "./account";

const nothing: AccountFile["account"] = {
	taken_for: "unknown",
	why: "",
	exposures: 0,
	parts: [],
	notes: [],
	question: null,
	tables: [],
};
const file = (some: Partial<AccountFile>): AccountFile => ({
	id: 1,
	name: "a.png",
	state: "in",
	reason: "",
	n_cutouts: 1,
	n_duplicates: 0,
	account: nothing,
	...some,
});
const withTable = (some: Partial<Table>): AccountFile["account"] => ({
	...nothing,
	taken_for: "labels",
	tables: [{ labels: null, columns: [], ...some } as unknown as Table],
});
const labels = { given: 9, new: 1, same: 2, replaced: 0, kept: 0, asked: 6, refused: 0 };

describe("questions", () => {
	it("asks of corrected labels whether to keep or to replace, with their number", () => {
		const one = file({ state: "joined", account: withTable({ labels }) });
		expect(questionOf(one)).toBe("6 cutouts had another label already. Which stands?");
		expect(answersTo(one).map(({ param, value }) => [param, value])).toEqual([
			["existing_labels", "keep"],
			["existing_labels", "replace"],
		]);
	});

	it("asks of a text matrix whether it is an image, of a picture whether it is an exposure", () => {
		const asked = (name: string) => answersTo(file({ name, state: "needs_answer" }))[0]?.param;
		expect([asked("run/one.txt"), asked("whole.tif")]).toEqual(["text_images", "taken_as"]);
	});

	it("leaves the command line's options out of a question", () => {
		const text = "is 9 x 9 px: a whole exposure, or one cutout? --as exposures or --as crops";
		expect(asked(text)).toBe("It is 9 x 9 px: a whole exposure, or one cutout?");
	});

	it("asks nothing of what came in", () => {
		expect([questionOf(file({})), answersTo(file({}))]).toEqual(["", []]);
	});
});

it("puts the worst first and leaves zeros out", () => {
	expect(inOrder({ in: 509, joined: 0, refused: 2, needs_answer: 1 })).toEqual([
		["refused", 2],
		["needs_answer", 1],
		["in", 509],
	]);
});

it("opens only lines that say more", () => {
	expect([hasMore(file({})), hasMore(file({ account: withTable({}) }))]).toEqual([false, true]);
});
