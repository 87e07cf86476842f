/** Small settings of this browser (pane widths, stretch, theme), kept in localStorage. */

export function load<T>(key: string, fallback: T): T {
	try {
		const text = localStorage.getItem(`cloudchamber.${key}`);
		return text === null ? fallback : (JSON.parse(text) as T);
	} catch {
		// Storage may be switched off or hold another version's value; a setting is never worth a crash.
		return fallback;
	}
}

export function save(key: string, value: unknown): void {
	try {
		localStorage.setItem(`cloudchamber.${key}`, JSON.stringify(value));
	} catch {
		// As above: a full or forbidden storage loses a pane width, nothing else.
	}
}
