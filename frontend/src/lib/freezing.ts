/** Which labels a model knows, and whether one given now is learned from by a training at work. */
import { plural } from "./format";

/** "3 labels differ from what": given, changed or taken away since, but not what was undone. */
export function newerWords(n: number): string {
	return `${plural(n, "label")} ${n === 1 ? "differs" : "differ"} from what`;
}

interface Training {
	state: string;
	progress: { fraction: number; message: string };
}

/** What a training says while it reads the labels: those of this moment may be in or not. */
const READING = "reading labels and cutouts";

/**
 * Labels are frozen when a training begins to read, not when it is asked for: what is given while
 * it waits is learned from.
 */
export function labelsNow({ state, progress }: Training): string {
	if (state === "queued")
		return "It waits, and learns from the labels there are when it begins: what you label until then is among them.";
	if (progress.message === "" || progress.message === READING)
		return "It is reading the labels: whether one that you give at this moment is among them, only the number in its report tells.";
	return "It learns from the labels there were when it began; what you label now is for the next one.";
}
