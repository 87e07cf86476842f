/** A map that forgets what was not read for longest once its cost is above a limit. */
export class LruCache<K, V> {
	#entries = new Map<K, { value: V; cost: number }>();
	#cost = 0;

	constructor(private readonly limit: number) {}

	get size(): number {
		return this.#entries.size;
	}

	has(key: K): boolean {
		return this.#entries.has(key);
	}

	get(key: K): V | undefined {
		const entry = this.#entries.get(key);
		if (!entry) return undefined;
		this.#entries.delete(key);
		this.#entries.set(key, entry);
		return entry.value;
	}

	set(key: K, value: V, cost = 1): void {
		const old = this.#entries.get(key);
		if (old) {
			this.#cost -= old.cost;
			this.#entries.delete(key);
		}
		this.#entries.set(key, { value, cost });
		this.#cost += cost;
		for (const [oldest, entry] of this.#entries) {
			if (this.#cost <= this.limit || oldest === key) break;
			this.#entries.delete(oldest);
			this.#cost -= entry.cost;
		}
	}

	clear(): void {
		this.#entries.clear();
		this.#cost = 0;
	}
}
