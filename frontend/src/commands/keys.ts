/** Key strokes as text: "d", "Space", "Shift+u", "Mod+z" (⌘ on a Mac, Ctrl elsewhere), "ArrowLeft". */

export const isMac = /Mac|iP(hone|ad)/.test(globalThis.navigator?.platform ?? "");

export interface Stroke {
	key: string;
	shiftKey: boolean;
	ctrlKey: boolean;
	metaKey: boolean;
	altKey: boolean;
}

/** The name of a stroke; Shift is named for letters and named keys, not for signs it produces. */
export function strokeOf(event: Stroke): string {
	const mod = isMac ? event.metaKey : event.ctrlKey;
	let key = event.key === " " ? "Space" : event.key;
	const letter = /^\p{L}$/u.test(key);
	if (letter) key = key.toLowerCase();
	const shift = event.shiftKey && (letter || key.length > 1);
	return `${mod ? "Mod+" : ""}${event.altKey ? "Alt+" : ""}${shift ? "Shift+" : ""}${key}`;
}

const SIGNS: Record<string, string> = {
	Space: "␣",
	Enter: "↵",
	Escape: "Esc",
	ArrowLeft: "←",
	ArrowRight: "→",
	ArrowUp: "↑",
	ArrowDown: "↓",
	Backspace: "⌫",
	Delete: "Del",
};

/** How a stroke is printed on the screen. */
export function printed(stroke: string): string {
	return stroke
		.split(/\+(?=.)/)
		.map((part) => {
			if (part === "Mod") return isMac ? "⌘" : "Ctrl";
			if (part === "Shift") return "⇧";
			if (part === "Alt") return isMac ? "⌥" : "Alt";
			return SIGNS[part] ?? (part.length === 1 ? part : part);
		})
		.join(isMac ? "" : " ");
}
