/** Which cutouts are selected, hovered and current; the one thing all views share. */
import { dataset } from "./dataset.svelte";

class SelectionState {
	/** Selected ordinals in rising order; null: nothing is selected, which reads as "all". */
	ordinals = $state.raw<Int32Array | null>(null);
	/** 1 per selected ordinal, as long as the dataset; null with `ordinals`. */
	mask = $state.raw<Uint8Array | null>(null);
	/** How the selection was made (lasso, cluster, matrix …); recorded with bulk labels. */
	how = $state("");
	revision = $state(0);
	hovered = $state(-1);
	current = $state(-1);

	get n(): number {
		return this.ordinals?.length ?? 0;
	}

	has(ordinal: number): boolean {
		return this.mask?.[ordinal] === 1;
	}

	set(ordinals: ArrayLike<number>, how: string): void {
		const mask = new Uint8Array(dataset.n);
		for (let i = 0; i < ordinals.length; i++) mask[ordinals[i] as number] = 1;
		this.#take(mask, how);
	}

	add(ordinals: ArrayLike<number>, how: string): void {
		const mask = this.mask?.slice() ?? new Uint8Array(dataset.n);
		for (let i = 0; i < ordinals.length; i++) mask[ordinals[i] as number] = 1;
		this.#take(mask, how);
	}

	subtract(ordinals: ArrayLike<number>, how: string): void {
		if (!this.mask) return;
		const mask = this.mask.slice();
		for (let i = 0; i < ordinals.length; i++) mask[ordinals[i] as number] = 0;
		this.#take(mask, how);
	}

	clear(): void {
		this.ordinals = null;
		this.mask = null;
		this.how = "";
		this.revision++;
	}

	#take(mask: Uint8Array, how: string): void {
		const { hidden } = dataset;
		if (hidden) for (let o = 0; o < mask.length; o++) if (hidden[o]) mask[o] = 0;
		let n = 0;
		for (const bit of mask) n += bit;
		if (n === 0) {
			this.clear();
			return;
		}
		const ordinals = new Int32Array(n);
		for (let o = 0, i = 0; o < mask.length; o++) if (mask[o]) ordinals[i++] = o;
		this.mask = mask;
		this.ordinals = ordinals;
		this.how = how;
		this.revision++;
	}
}

export const selection = new SelectionState();
