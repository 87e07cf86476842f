/**
 * Labels as the annotator sees them: what the server confirmed, with everything unsent laid over it.
 * A pending effect stays on top whatever the server tells meanwhile, until exactly its key is
 * confirmed or refused.
 */

export interface Effect {
	ordinals: Int32Array;
	/** Class per ordinal (0 none); null leaves the classes. */
	classIds: Int32Array | null;
	/** Flags per ordinal (1 dubious, 2 note); null leaves the flags. */
	flags: Uint8Array | null;
}

export interface PendingEffect extends Effect {
	key: string;
}

export class LabelOverlay {
	labels: Int32Array = new Int32Array(0);
	flags: Uint8Array = new Uint8Array(0);
	/** How many cutouts stand in each class, unsent labels included. */
	counts: Map<number, number> = new Map();
	nLabelled = 0;
	#confirmedLabels: Int32Array = new Int32Array(0);
	#confirmedFlags: Uint8Array = new Uint8Array(0);
	#pending: PendingEffect[] = [];

	/** Start from the server's arrays, with `pending` (in order) on top. */
	reset(classIds: Int32Array, flags: Uint8Array, pending: PendingEffect[] = this.#pending): void {
		this.#confirmedLabels = classIds;
		this.#confirmedFlags = flags;
		this.#pending = [...pending];
		this.#rebuild();
	}

	/** Room for cutouts that an import appended; they carry no label. */
	grow(n: number): void {
		if (n <= this.#confirmedLabels.length) return;
		const labels = new Int32Array(n);
		labels.set(this.#confirmedLabels);
		const flags = new Uint8Array(n);
		flags.set(this.#confirmedFlags);
		this.reset(labels, flags);
	}

	/** Lay an unsent effect on top; returns what stood there before, for undo. */
	push(effect: PendingEffect): Effect {
		const before = this.read(effect.ordinals);
		this.#pending.push(effect);
		this.#show(effect);
		return before;
	}

	/** The server has it: `actual` is what it did where that may differ (an undo), else as expected. */
	confirm(key: string, actual?: Effect): void {
		const at = this.#pending.findIndex((effect) => effect.key === key);
		const effect = at < 0 ? undefined : this.#pending.splice(at, 1)[0];
		const truth = actual ?? effect;
		if (truth) this.#settle(truth);
		if (actual) this.#refresh(effect ? [effect.ordinals, actual.ordinals] : [actual.ordinals]);
	}

	/** The server refused it: show what is true without it. */
	drop(key: string): void {
		const at = this.#pending.findIndex((effect) => effect.key === key);
		if (at < 0) return;
		const [effect] = this.#pending.splice(at, 1);
		if (effect) this.#refresh([effect.ordinals]);
	}

	/** A change made elsewhere (another tab, the command line). */
	merge(effect: Effect): void {
		this.#settle(effect);
		this.#refresh([effect.ordinals]);
	}

	read(ordinals: Int32Array): Effect {
		return {
			ordinals,
			classIds: ordinals.map((o) => this.labels[o] ?? 0),
			flags: Uint8Array.from(ordinals, (o) => this.flags[o] ?? 0),
		};
	}

	#settle(effect: Effect): void {
		write(this.#confirmedLabels, this.#confirmedFlags, effect);
	}

	#show(effect: Effect): void {
		const { ordinals, classIds, flags } = effect;
		for (let i = 0; i < ordinals.length; i++) {
			const o = ordinals[i] as number;
			if (o >= this.labels.length) continue;
			if (classIds) this.#set(o, classIds[i] as number);
			if (flags) this.flags[o] = flags[i] as number;
		}
	}

	#set(ordinal: number, classId: number): void {
		const old = this.labels[ordinal] as number;
		if (old === classId) return;
		this.labels[ordinal] = classId;
		if (old) this.counts.set(old, (this.counts.get(old) ?? 1) - 1);
		else this.nLabelled++;
		if (classId) this.counts.set(classId, (this.counts.get(classId) ?? 0) + 1);
		else this.nLabelled--;
	}

	#refresh(groups: Int32Array[]): void {
		for (const ordinals of groups) {
			for (const o of ordinals) {
				if (o >= this.labels.length) continue;
				this.#set(o, this.#confirmedLabels[o] as number);
				this.flags[o] = this.#confirmedFlags[o] as number;
			}
		}
		for (const effect of this.#pending) this.#show(effect);
	}

	#rebuild(): void {
		this.labels = this.#confirmedLabels.slice();
		this.flags = this.#confirmedFlags.slice();
		this.counts = new Map();
		this.nLabelled = 0;
		for (const classId of this.labels) {
			if (!classId) continue;
			this.nLabelled++;
			this.counts.set(classId, (this.counts.get(classId) ?? 0) + 1);
		}
		for (const effect of this.#pending) this.#show(effect);
	}
}

function write(labels: Int32Array, allFlags: Uint8Array, effect: Effect): void {
	const { ordinals, classIds, flags } = effect;
	for (let i = 0; i < ordinals.length; i++) {
		const o = ordinals[i] as number;
		if (o >= labels.length) continue;
		if (classIds) labels[o] = classIds[i] as number;
		if (flags) allFlags[o] = flags[i] as number;
	}
}
