/** Short messages at the foot of the page, each with at most one thing to do. They never block. */

export interface Notice {
	id: number;
	text: string;
	tone: "plain" | "careful";
	action?: { caption: string; stroke?: string; run: () => void };
}

/** Long enough to read a sentence and reach for its button. */
const SHOWN_MS = 8000;

class NoticesState {
	list = $state.raw<Notice[]>([]);
	#next = 1;

	/** Show a message; a careful one stays until it is dismissed. */
	say(text: string, action?: Notice["action"], tone: Notice["tone"] = "plain"): number {
		const id = this.#next++;
		this.list = [...this.list.slice(-2), { id, text, tone, action }];
		if (tone === "plain") setTimeout(() => this.dismiss(id), SHOWN_MS);
		return id;
	}

	dismiss(id: number): void {
		this.list = this.list.filter((notice) => notice.id !== id);
	}
}

export const notices = new NoticesState();
