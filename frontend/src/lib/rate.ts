/** How fast one labels: labels in the last minute, scaled up while the minute is young. */
export class Rate {
	#times: number[] = [];

	add(now: number): void {
		this.#times.push(now);
		if (this.#times.length > 2000) this.#times.splice(0, 1000);
	}

	/** Labels per minute; null until there are enough to say something (5 labels, 5 s). */
	perMinute(now: number, window = 60_000): number | null {
		const recent = this.#times.filter((t) => now - t < window);
		const first = recent[0];
		if (recent.length < 5 || first === undefined) return null;
		const span = Math.max(now - first, 5000);
		return (60_000 * recent.length) / Math.min(window, span);
	}
}
