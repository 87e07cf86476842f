/**
 * The way through a labelling order: what was shown, what comes next, and back again. Labelled
 * cutouts are passed over, skipped ones come once more at the end.
 */
export class Trail {
	#sequence: Int32Array = new Int32Array(0);
	#frontier = -1;
	#shown: number[] = [];
	#at = -1;
	#skipped = new Set<number>();

	constructor(private readonly wanted: (ordinal: number) => boolean) {}

	/** The cutout to look at; -1 when nothing is left. */
	get current(): number {
		return this.#shown[this.#at] ?? -1;
	}

	get canGoBack(): boolean {
		return this.#at > 0;
	}

	/** Take another order. What is being looked at stays where it is. */
	follow(sequence: Int32Array, keepCurrent = true): void {
		this.#sequence = sequence;
		this.#frontier = -1;
		this.#skipped.clear();
		if (keepCurrent && this.current >= 0) {
			this.#shown = this.#shown.slice(0, this.#at + 1);
			return;
		}
		this.#shown = [];
		this.#at = -1;
		this.next();
	}

	next(): number {
		if (this.#at < this.#shown.length - 1) {
			this.#at++;
			return this.current;
		}
		const index = this.#find(this.#frontier, this.current);
		if (index >= 0) this.#frontier = index;
		this.#shown.push(index < 0 ? -1 : (this.#sequence[index] as number));
		this.#at = this.#shown.length - 1;
		// A long day must not keep a long list.
		if (this.#shown.length > 5000) {
			this.#shown = this.#shown.slice(-4000);
			this.#at = this.#shown.length - 1;
		}
		return this.current;
	}

	/** Leave the current one for the end. */
	skip(): number {
		if (this.current >= 0) this.#skipped.add(this.current);
		return this.next();
	}

	back(): number {
		if (this.#at > 0) this.#at--;
		return this.current;
	}

	/** Show this one now; what was current comes after it. */
	show(ordinal: number): void {
		if (ordinal === this.current) return;
		const seen = this.#shown.lastIndexOf(ordinal);
		if (seen >= 0) {
			this.#at = seen;
			return;
		}
		this.#at = Math.max(0, this.#at);
		this.#shown.splice(this.#at, 0, ordinal);
	}

	/** What comes after the current one, at most `n`. */
	upcoming(n: number): number[] {
		const ahead = this.#shown.slice(this.#at + 1, this.#at + 1 + n).filter((o) => o >= 0);
		const taken = new Set([this.current, ...ahead]);
		for (let i = this.#frontier + 1; i < this.#sequence.length && ahead.length < n; i++) {
			const o = this.#sequence[i] as number;
			if (!taken.has(o) && !this.#skipped.has(o) && this.wanted(o)) ahead.push(o);
		}
		return ahead;
	}

	/** Index in the sequence of the next wanted cutout; from the start again for the skipped ones. */
	#find(after: number, except: number): number {
		for (let i = after + 1; i < this.#sequence.length; i++) {
			const o = this.#sequence[i] as number;
			if (o !== except && !this.#skipped.has(o) && this.wanted(o)) return i;
		}
		this.#skipped.clear();
		for (let i = 0; i < this.#sequence.length; i++) {
			const o = this.#sequence[i] as number;
			if (o !== except && this.wanted(o)) return i;
		}
		return -1;
	}
}
