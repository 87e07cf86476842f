import { describe, expect, it } from "vitest";
import type { AccountFile, Table } from "../api/look";
import { hasMore, inOrder, questionsOf } from "./account";

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
	tables: [{ labels: null, columns: [], questions: [], ...some } as unknown as Table],
});
const answer = (param: string) => ({ caption: param, param, value: "keep" });

describe("questions", () => {
	it("are those of the file, then those of its tables, with their answers", () => {
		const own = { text: "A matrix?", answers: [answer("text_images")] };
		const inside = { text: "Keep or replace?", answers: [answer("existing_labels")] };
		const account = { ...nothing, ...withTable({ questions: [inside] }), question: own };
		expect(questionsOf(file({ account }))).toEqual([own, inside]);
	});

	it("leave out what a file is for, which is said before it is sent", () => {
		const question = { text: "A bias?", answers: [answer("role"), answer("taken_as")] };
		const [asked] = questionsOf(file({ account: { ...nothing, question } }));
		expect(asked?.answers.map(({ param }) => param)).toEqual(["taken_as"]);
	});

	it("are none of what came in", () => {
		expect(questionsOf(file({}))).toEqual([]);
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
