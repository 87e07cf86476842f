/** The one table of commands: keyboard, buttons, palette and help all read it. */
import { onMount } from "svelte";
import { strokeOf } from "./keys";

export interface Command {
	id: string;
	caption: string;
	/** Strokes as `keys.strokeOf` names them; the first one is shown. */
	keys: string[];
	enabled(): boolean;
	run(): void;
	/** Heading in palette and help. */
	group: string;
	/** Keep working while a text field has the focus. */
	whileTyping?: boolean;
	/** Run again while the key is held down; a judgement never does. */
	repeats?: boolean;
	/** A class of the label set: its key wins over a command's. */
	claims?: boolean;
	/** Stroke that takes the place of a key which a class has. */
	fallback?: string;
}

/** A command with the parts that are nearly always the same filled in. */
export function command(
	part: Pick<Command, "id" | "caption" | "group" | "run"> & Partial<Command>,
): Command {
	return { keys: [], enabled: () => true, ...part };
}

type Source = () => Command[];

const sources: Source[] = [];

/** Two commands that answer to one stroke: [stroke, first id, second id]. */
export function duplicates(commands: Command[]): [string, string, string][] {
	const seen = new Map<string, string>();
	const found: [string, string, string][] = [];
	for (const { id, keys } of commands) {
		for (const stroke of keys) {
			const other = seen.get(stroke);
			if (other !== undefined && other !== id) found.push([stroke, other, id]);
			seen.set(stroke, id);
		}
	}
	return found;
}

/** Offer commands while a view is shown; returns the way to take them back. */
export function register(source: Source | Command[]): () => void {
	const entry = typeof source === "function" ? source : () => source;
	sources.push(entry);
	// Looked at once the page stands, so that a browser test of any page fails on a shared key.
	setTimeout(() => {
		const found = duplicates(allCommands());
		if (found.length > 0) console.error("Two commands on one key:", JSON.stringify(found));
	});
	return () => {
		const at = sources.indexOf(entry);
		if (at >= 0) sources.splice(at, 1);
	};
}

/** Register for as long as the calling component is mounted. */
export function useCommands(source: Source): void {
	onMount(() => register(source));
}

/**
 * The commands with every key taken away that a class of the label set has: people choose their own
 * keys, so a command on a plain letter names a second stroke to fall back to.
 */
export function yieldToClasses(commands: Command[]): Command[] {
	const claimed = new Set(commands.filter((c) => c.claims).flatMap((c) => c.keys));
	if (claimed.size === 0) return commands;
	return commands.map((c) =>
		c.claims || !c.keys.some((stroke) => claimed.has(stroke))
			? c
			: {
					...c,
					keys: [
						...c.keys.filter((stroke) => !claimed.has(stroke)),
						...(c.fallback ? [c.fallback] : []),
					],
				},
	);
}

/** Everything on offer now, the view's own commands first. */
export function allCommands(): Command[] {
	return yieldToClasses(sources.toReversed().flatMap((source) => source()));
}

/** Run a command by its name, as its key would; for buttons that stand for one. */
export function runCommand(id: string): void {
	const found = allCommands().find((c) => c.id === id);
	if (!found?.enabled()) return;
	strokeAt = 0;
	found.run();
}

/** The stroke to print beside a button, after classes took theirs; undefined where there is none. */
export function shownStroke(id: string): string | undefined {
	return allCommands().find((c) => c.id === id)?.keys[0];
}

let strokeAt = 0;
let onUse: (id: string) => void = () => {};

/** Be told of every command that a key ran. */
export function watchUse(told: (id: string) => void): void {
	onUse = told;
}

/** When the key of the running command went down, on the clock of `performance.now()`. */
export function strokeTime(): number {
	return strokeAt;
}

function isTyping(target: EventTarget | null): boolean {
	if (!(target instanceof HTMLElement)) return false;
	if (target.isContentEditable || target instanceof HTMLTextAreaElement) return true;
	if (target instanceof HTMLSelectElement) return true;
	return (
		target instanceof HTMLInputElement &&
		!["checkbox", "radio", "button", "range", "color", "file"].includes(target.type)
	);
}

/** A focused control answers to these itself. */
function belongsToControl(target: EventTarget | null, stroke: string): boolean {
	if (!(target instanceof HTMLElement)) return false;
	if (target.closest("[role=menu],[role=listbox],[role=dialog]")) return true;
	const pressable = target.closest("button,a,summary,input,[role=separator],[role=slider]");
	if (!pressable) return false;
	if (stroke === "Enter" || stroke === "Space")
		return pressable.getAttribute("role") !== "separator";
	return stroke.startsWith("Arrow") && pressable.matches("[role=separator],[role=slider],input");
}

/** Run the command of a key event; true when there was one. */
export function handleKey(event: KeyboardEvent): boolean {
	if (event.defaultPrevented || event.isComposing) return false;
	const stroke = strokeOf(event);
	const typing = isTyping(event.target);
	if (!typing && belongsToControl(event.target, stroke)) return false;
	for (const candidate of allCommands()) {
		if (!candidate.keys.includes(stroke)) continue;
		if (typing && !candidate.whileTyping) continue;
		if (!candidate.enabled()) continue;
		event.preventDefault();
		if (event.repeat && !candidate.repeats) return true;
		strokeAt = event.timeStamp;
		candidate.run();
		onUse(candidate.id);
		return true;
	}
	return false;
}
