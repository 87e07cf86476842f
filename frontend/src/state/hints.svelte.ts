/** Which keys the hand knows by now; their hints step back. `?` still lists every key. */
import { SvelteSet } from "svelte/reactivity";
import { watchUse } from "../commands/table";
import { load, save } from "../lib/stored";

/** So often a key is pressed before its hint is no longer needed. */
const LEARNT = 20;

class HintState {
	#uses = new Map<string, number>(Object.entries(load<Record<string, number>>("uses", {})));
	#known = new SvelteSet([...this.#uses].filter(([, n]) => n >= LEARNT).map(([id]) => id));

	constructor() {
		watchUse((id) => {
			const n = (this.#uses.get(id) ?? 0) + 1;
			if (n > LEARNT) return;
			this.#uses.set(id, n);
			if (n === LEARNT) this.#known.add(id);
			save("uses", Object.fromEntries(this.#uses));
		});
	}

	knows(id: string): boolean {
		return this.#known.has(id);
	}
}

export const hints = new HintState();
