/** Rules a label set must keep, checked while it is typed. */

export interface DraftClass {
	/** Absent for a class that is new. */
	id?: number;
	name: string;
	key: string;
	colour: string;
	caption: string;
	number: number | null;
}

/** Names meet without case, hyphens, underscores and blanks, as the server compares them. */
export function canonical(name: string): string {
	return name.toLowerCase().replace(/[-_ ]/g, "");
}

/** What is wrong with each class; an empty text where nothing is. */
export function problems(classes: readonly DraftClass[]): string[] {
	return classes.map((one, i) => {
		if (one.name.trim() === "") return "needs a name";
		const twin = classes.findIndex(
			(other, j) => j !== i && canonical(other.name) === canonical(one.name),
		);
		if (twin >= 0) return `has the name of class ${twin + 1}`;
		if ([...one.key].length > 1) return "needs a key of one character";
		if (one.key === "") return "needs a key";
		if (/[\s?]/.test(one.key)) return "needs a letter, digit or sign";
		const same = classes.findIndex(
			(other, j) => j !== i && other.key.toLowerCase() === one.key.toLowerCase(),
		);
		if (same >= 0) return `shares its key with ${classes[same]?.name || `class ${same + 1}`}`;
		return "";
	});
}

/** Letters with commands on them; a class may take one, a suggested key avoids it. */
const COMMANDS = new Set("uabnchiptz");

/** A free key for a new class: a letter of its name if possible, else the home row, else any letter. */
export function freeKey(name: string, classes: readonly Pick<DraftClass, "key">[]): string {
	const taken = new Set(classes.map((one) => one.key.toLowerCase()));
	for (const letter of `${canonical(name)}fjdkslghervmoqwxy`) {
		if (/^[a-z]$/.test(letter) && !taken.has(letter) && !COMMANDS.has(letter)) return letter;
	}
	return "";
}
