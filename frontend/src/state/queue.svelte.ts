/** What comes up for labelling, in which order. */
import type { Column } from "../api/types";
import { sortOrdinals } from "../lib/order";
import { drawn, imported, type Order, type Sequence, withDraws } from "../lib/orders";
import { load, save } from "../lib/stored";
import { Trail } from "../lib/trail";
import { checks } from "./checks.svelte";
import { dataset } from "./dataset.svelte";
import { pixelCache } from "./pixels.svelte";
import { selection } from "./selection.svelte";

export type Scope = "unlabelled" | "all" | "dubious" | "selection";

/** Images at hand ahead of the current one: at ten labels a second they outlast a server's restart. */
const AHEAD = 128;
/** In a chosen order every so many cutouts one is drawn at random, unless set otherwise. */
const RANDOM_EVERY = 5;
/** Fewer than this many at hand, and the next ones are fetched, all in one request. */
const LOW = 64;

class QueueState {
	order = $state<Order>(load<Order>("order", "typical"));
	scope = $state<Scope>("unlabelled");
	/** Decides the random order; kept, so that a reload goes on in the same one. */
	seed = load("seed", 0) || newSeed();
	current = $state(-1);
	next8 = $state.raw<number[]>([]);
	canGoBack = $state(false);
	/** One of so many is drawn at random amid a chosen order; 0 for none. */
	randomEvery = $state(load("randomEvery", RANDOM_EVERY));
	#trail = new Trail((o) => this.#wanted(o));
	#sequenceKey = "";
	#places: Int32Array = new Int32Array(0);
	/** Cutouts somebody asked for by a click: picked, whatever the order. */
	readonly #asked = new Set<number>();

	/** Columns an order needs; an order whose column is missing is not on offer. */
	available(order: Order): boolean {
		if (order === "typical") return dataset.columnByName("typicality") !== undefined;
		if (order === "uncertain") return this.#uncertainty() !== undefined;
		if (order === "review") return dataset.columnByName("label_doubt") !== undefined;
		return true;
	}

	/** The order in force: the one asked for, or the next best until its column exists. */
	get inForce(): Order {
		if (this.available(this.order)) return this.order;
		return this.available("typical") ? "typical" : "random";
	}

	setOrder(order: Order): void {
		this.order = order;
		save("order", order);
		if (order === "repeat") void checks.drawRepeats().catch(() => {});
	}

	setRandomEvery(every: number): void {
		this.randomEvery = every;
		save("randomEvery", every);
	}

	/** Looking again at what has a label: suspects, or one's own for a blind repeat. */
	get isCheck(): boolean {
		return this.inForce === "review" || this.inForce === "repeat";
	}

	/** Whether the current cutout is a random draw amid a chosen order. */
	get isRandomCheck(): boolean {
		const chosen = this.inForce === "typical" || this.inForce === "uncertain";
		return chosen && this.servedAs(this.current).order === "random";
	}

	/** How a cutout came up: the order that its label is to be kept with. */
	servedAs(ordinal: number): { order: string; place?: number; of?: number; amid?: string } {
		const order = this.inForce;
		if (this.#asked.has(ordinal)) return { order: "shown", amid: order };
		const place = this.#places[ordinal] ?? 0;
		if (place > 0) return { order: "random", place, of: this.#places.length, amid: order };
		return { order };
	}

	/** Recompute the sequence where its order, scope or column changed. Call from an effect. */
	arrange(): void {
		const order = this.inForce;
		const column =
			order === "typical"
				? dataset.columnByName("typicality")
				: order === "uncertain"
					? this.#uncertainty()
					: undefined;
		const values = column ? dataset.values(column.name) : undefined;
		if (column && !values) return;
		if (order === "review" && !checks.suspects) return;
		if (order === "repeat" && !checks.repeats) return void checks.drawRepeats().catch(() => {});
		const pool = this.scope === "selection" ? selection.revision : 0;
		const key = [
			dataset.id,
			dataset.n,
			order,
			this.scope,
			pool,
			column?.id,
			column?.revision,
			this.randomEvery,
			this.isCheck ? checks.revision : 0,
		].join();
		if (key === this.#sequenceKey) return;
		// A new model or more cutouts change the sequence under one's hands: what is on the screen
		// stays. Another order or scope is asked for, and begins with its own first.
		const [id, , oldOrder, oldScope] = this.#sequenceKey.split(",");
		const same = id === String(dataset.id) && oldOrder === order && oldScope === this.scope;
		this.#sequenceKey = key;
		const sequence = this.#sequence(order, values);
		this.#places = sequence.places;
		if (!same) this.#asked.clear();
		this.#trail.follow(sequence.ordinals, same && this.#wanted(this.current));
		this.#publish();
	}

	#sequence(order: Order, values: ArrayLike<number> | undefined): Sequence {
		const n = dataset.n;
		const none = { places: new Int32Array(0) };
		if (order === "imported") return { ordinals: imported(n), ...none };
		if (order === "review") return { ordinals: checks.suspects ?? new Int32Array(0), ...none };
		if (order === "repeat") return { ordinals: checks.repeats ?? new Int32Array(0), ...none };
		// Only a draw from the whole dataset is one.
		const whole = this.scope === "unlabelled" || this.scope === "all";
		if (order === "random" || !values) {
			const sequence = drawn(n, this.seed);
			return whole ? sequence : { ordinals: sequence.ordinals, ...none };
		}
		const chosen = sortOrdinals(imported(n), values, true);
		const every = whole ? this.randomEvery : 0;
		return withDraws(chosen, this.seed, every, (o) => this.#wanted(o));
	}

	advance(): void {
		this.#trail.next();
		this.#publish();
	}
	skip(): void {
		this.#trail.skip();
		this.#publish();
	}
	back(): void {
		this.#trail.back();
		this.#publish();
	}
	/** Show this one now; `asked` where somebody picked it, not an undo. */
	show(ordinal: number, asked = false): void {
		if (asked) this.#asked.add(ordinal);
		this.#trail.show(ordinal);
		this.#publish();
	}

	/** Labels changed under the queue (an undo, another tab): what comes next may differ. */
	refresh(): void {
		if (this.current < 0) this.#trail.next();
		this.#publish();
	}

	/** Both rise with doubt: entropy, and 1 minus the gap between the two best classes. */
	#uncertainty(): Column | undefined {
		return dataset.columnByName("entropy") ?? dataset.columnByName("margin");
	}

	#wanted(ordinal: number): boolean {
		if (ordinal < 0 || ordinal >= dataset.overlay.labels.length) return false;
		if (!dataset.isShown(ordinal)) return false;
		if (this.inForce === "review") return checks.isOpen(ordinal);
		if (this.inForce === "repeat") return checks.isRepeatable(ordinal);
		if (this.scope === "all") return true;
		if (this.scope === "selection") return selection.has(ordinal);
		if (this.scope === "dubious") return ((dataset.overlay.flags[ordinal] ?? 0) & 1) === 1;
		return dataset.overlay.labels[ordinal] === 0;
	}

	#publish(): void {
		const ahead = this.#trail.upcoming(AHEAD);
		this.current = this.#trail.current;
		this.canGoBack = this.#trail.canGoBack;
		this.next8 = ahead.slice(0, 8);
		selection.current = this.current;
		// A key must cost nothing but its drawing: one request for many images, not one per key.
		const near = [this.current, ...ahead.slice(0, LOW)];
		if (near.some((o) => o >= 0 && !pixelCache.peek(o)))
			pixelCache.prefetch([this.current, ...ahead]);
		if (near.some((o) => o >= 0 && !dataset.knows(o))) {
			void dataset.loadCutouts([this.current, ...ahead]).catch(() => {});
		}
	}
}

function newSeed(): number {
	const seed = 1 + Math.floor(Math.random() * 999_999);
	save("seed", seed);
	return seed;
}

export const queue = new QueueState();
