/** What an account of an import says in words, and the answers to what it asks. */
import { type AccountFile, type Answer, STATES, type State } from "../api/look";
import { plural } from "./format";

export const STATE_WORDS: Record<State, string> = {
	refused: "refused",
	needs_answer: "needs an answer",
	ignored: "ignored",
	joined: "joined",
	in: "in",
};

const KEEP_OR_REPLACE = (param: string, what: string): Answer[] => [
	{ caption: `Keep the ${what} that are there`, param, value: "keep" },
	{ caption: "Replace them by these", param, value: "replace" },
];

/** The ways to answer a file's question, each a parameter of the import to start again with. */
export function answersTo(file: AccountFile): Answer[] {
	const tables = file.account?.tables ?? [];
	const answers: Answer[] = [];
	if (tables.some((table) => (table.labels?.asked ?? 0) > 0))
		answers.push(...KEEP_OR_REPLACE("existing_labels", "labels"));
	if (tables.some((t) => t.columns.some((c) => c.state === "needs_answer" && c.use === "metadata")))
		answers.push(...KEEP_OR_REPLACE("existing_values", "values"));
	if (answers.length || file.state !== "needs_answer") return answers;
	if (/\.(txt|csv|tsv|dat|asc)(\.gz)?$/i.test(file.name))
		return [
			{ caption: "It is an image", param: "text_images", value: "yes" },
			{ caption: "It is none", param: "text_images", value: "no" },
		];
	return [
		{ caption: "An exposure, to be cut", param: "taken_as", value: "exposures" },
		{ caption: "A cutout as it is", param: "taken_as", value: "crops" },
	];
}

/** A question as the page asks it: the command line's options are no answer here, buttons are. */
export function asked(text: string): string {
	return text.replace(/[\s;,(]*--[a-z].*$/s, "").replace(/^is /, "It is ");
}

/** The question of a file in one sentence; empty where it asks nothing. */
export function questionOf(file: AccountFile): string {
	if (file.account?.question) return asked(file.account.question);
	const open = (file.account?.tables ?? []).reduce((n, t) => n + (t.labels?.asked ?? 0), 0);
	if (open) return `${plural(open, "cutout")} had another label already. Which stands?`;
	return file.state === "needs_answer" ? asked(file.reason) : "";
}

/** Whether there is more to a file than its line says. */
export function hasMore({ account }: AccountFile): boolean {
	return Boolean(
		account &&
			(account.parts.length || account.tables.length || account.notes.length || account.why),
	);
}

/** Counts in the order of the account, the worst first, without zeros. */
export function inOrder(counts: Partial<Record<State, number>>): [State, number][] {
	return STATES.flatMap((state) =>
		counts[state] ? [[state, counts[state]] as [State, number]] : [],
	);
}
