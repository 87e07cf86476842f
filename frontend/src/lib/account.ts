/** What an account of an import says in words, and what it asks. */
import { type AccountFile, type Question, STATES, type State } from "../api/look";

export const STATE_WORDS: Record<State, string> = {
	refused: "refused",
	needs_answer: "needs an answer",
	ignored: "ignored",
	joined: "joined",
	in: "in",
};

/**
 * What a file and its tables ask. What a file is for can only be said before it is sent: answers
 * that would change that are left to the next import.
 */
export function questionsOf({ account }: AccountFile): Question[] {
	const all = [account?.question ?? [], ...(account?.tables ?? []).map((t) => t.questions)].flat();
	return all.map((question) => ({
		...question,
		answers: question.answers.filter(({ param }) => param !== "role"),
	}));
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
