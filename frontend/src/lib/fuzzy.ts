/**
 * How well `query` fits `text`, higher is better, -1 not at all: every letter in order, a start of a
 * word counts most, letters in a row count more than scattered ones.
 */
export function fits(query: string, text: string): number {
	const q = query.toLowerCase().replaceAll(" ", "");
	const t = text.toLowerCase();
	let score = 0;
	let at = 0;
	let run = 0;
	for (const letter of q) {
		const found = t.indexOf(letter, at);
		if (found < 0) return -1;
		run = found === at && at > 0 ? run + 1 : 0;
		const starts = found === 0 || t[found - 1] === " ";
		score += 1 + 2 * run + (starts ? 4 : 0) - Math.min(3, found - at) * 0.1;
		at = found + 1;
	}
	return score - t.length * 0.01;
}
