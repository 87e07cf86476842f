/**
 * The outbox: what was judged but not yet acknowledged. It lives in IndexedDB, so that a reload, a
 * crash or a dead server loses nothing, and exactly one entry leaves it per acknowledgement.
 */
import type { PendingEffect } from "./overlay";

export interface Entry {
	/** Rises with every action; the order in which they are sent. */
	seq: number;
	/** Client-made key of the action: a repeated send changes nothing on the server. */
	key: string;
	datasetId: number;
	kind: "label" | "undo" | "redo";
	body: Record<string, unknown>;
	/** What it changes on the screen until the server answers. */
	effect: PendingEffect;
}

export interface Store {
	all(): Promise<Entry[]>;
	put(entry: Entry): Promise<void>;
	remove(key: string): Promise<void>;
}

function promised<T>(request: IDBRequest<T>): Promise<T> {
	return new Promise((resolve, reject) => {
		request.onsuccess = () => resolve(request.result);
		request.onerror = () => reject(request.error);
	});
}

/** Entries in the browser's database. `relaxed` durability would lose the last ones in a crash. */
export async function openStore(name = "cloudchamber"): Promise<Store> {
	const opening = indexedDB.open(name, 1);
	opening.onupgradeneeded = () => {
		opening.result.createObjectStore("outbox", { keyPath: "key" });
	};
	const database = await promised(opening);
	const table = (mode: IDBTransactionMode) =>
		database.transaction("outbox", mode, { durability: "strict" }).objectStore("outbox");
	return {
		async all() {
			const entries = (await promised(table("readonly").getAll())) as Entry[];
			return entries.sort((a, b) => a.seq - b.seq);
		},
		async put(entry) {
			await promised(table("readwrite").put(entry));
		},
		async remove(key) {
			await promised(table("readwrite").delete(key));
		},
	};
}

/** Where the browser forbids IndexedDB (some private windows), entries live as long as the page. */
export function memoryStore(): Store {
	const entries = new Map<string, Entry>();
	return {
		all: async () => [...entries.values()].sort((a, b) => a.seq - b.seq),
		put: async (entry) => void entries.set(entry.key, entry),
		remove: async (key) => void entries.delete(key),
	};
}

export type Outcome =
	| { state: "done"; answer: unknown }
	/** Try again later: no network, a busy server. */
	| { state: "later" }
	/** The server understood and said no; trying again cannot help. */
	| { state: "refused"; reason: string };

export interface OutboxEvents {
	onDone(entry: Entry, answer: unknown): void;
	onRefused(entry: Entry, reason: string): void;
	onState(state: { pending: number; offline: boolean }): void;
}

/** A send begins this long after its key, so that the next image is on the screen first. */
const AFTER_FRAME_MS = 24;
/** Waits between tries; the last one repeats. */
const WAITS_MS = [250, 500, 1000, 2000, 5000];

/**
 * Sends entries one after the other, in the order they were made: an undo must never overtake the
 * label it undoes. A failed send is repeated with the same key until it is answered.
 */
export class Outbox {
	#queue: Entry[] = [];
	#sending = false;
	#failures = 0;
	#timer: ReturnType<typeof setTimeout> | undefined;
	#seq = Date.now() * 1000;

	constructor(
		private readonly store: Store,
		private readonly send: (entry: Entry) => Promise<Outcome>,
		private readonly events: OutboxEvents,
	) {}

	get pending(): number {
		return this.#queue.length;
	}

	entries(datasetId: number): Entry[] {
		return this.#queue.filter((entry) => entry.datasetId === datasetId);
	}

	/** Take up what an earlier page left unsent. */
	async resume(): Promise<void> {
		const known = new Set(this.#queue.map((entry) => entry.key));
		const left = (await this.store.all()).filter((entry) => !known.has(entry.key));
		this.#queue = [...left, ...this.#queue];
		this.#tell();
		this.#pump();
	}

	/** Add an action; it is on its way when this returns, and safe once the promise settles. */
	add(action: Omit<Entry, "seq">): Promise<void> {
		const entry: Entry = { ...action, seq: this.#seq++ };
		this.#queue.push(entry);
		this.#tell();
		setTimeout(() => this.#pump(), AFTER_FRAME_MS);
		return this.store.put(entry);
	}

	/** Try now instead of at the end of the wait (the network came back). */
	nudge(): void {
		clearTimeout(this.#timer);
		this.#timer = undefined;
		this.#pump();
	}

	#pump(): void {
		if (this.#sending || this.#timer !== undefined) return;
		const entry = this.#queue[0];
		if (entry) void this.#deliver(entry);
	}

	async #deliver(entry: Entry): Promise<void> {
		this.#sending = true;
		let outcome: Outcome;
		try {
			outcome = await this.send(entry);
		} catch {
			outcome = { state: "later" };
		}
		this.#sending = false;
		if (outcome.state === "later") {
			const wait = WAITS_MS[Math.min(this.#failures, WAITS_MS.length - 1)] as number;
			this.#failures++;
			this.#timer = setTimeout(() => {
				this.#timer = undefined;
				this.#pump();
			}, wait);
			this.#tell();
			return;
		}
		this.#failures = 0;
		this.#queue = this.#queue.filter((other) => other.key !== entry.key);
		if (outcome.state === "done") this.events.onDone(entry, outcome.answer);
		else this.events.onRefused(entry, outcome.reason);
		// A removal that fails leaves an entry whose key the server knows: sent again, it changes nothing.
		void this.store.remove(entry.key).catch(() => {});
		this.#tell();
		this.#pump();
	}

	#tell(): void {
		this.events.onState({ pending: this.#queue.length, offline: this.#failures > 0 });
	}
}
