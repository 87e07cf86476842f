/** How far people agree on the open dataset, and what they dispute. */
import { api, given } from "../api/client";
import type { components } from "../api/schema.gen";
import { dataset } from "./dataset.svelte";

export type Agreement = components["schemas"]["Agreement"];
export type PairAgreement = components["schemas"]["PairAgreement"];
type Disputed = components["schemas"]["Disputed"];

/** Cutouts of one cell of two people's table; without classes all on which the two differ. */
export interface AgreementCell {
	a: string;
	b: string;
	class_a?: number;
	class_b?: number;
}

const PAGE = 60;

class AgreementState {
	found = $state.raw<Agreement | null>(null);
	cell = $state.raw<AgreementCell | null>(null);
	disputed = $state.raw<Disputed[]>([]);
	total = $state(0);
	next = $state<string | null>(null);
	#asked = 0;

	async load(): Promise<void> {
		const id = dataset.id;
		if (id === null) return;
		const found = await given(
			api.GET("/api/v1/datasets/{dataset_id}/agreement", { params: { path: { dataset_id: id } } }),
		);
		if (dataset.id === id) this.found = found as Agreement;
	}

	/** Show the cutouts of a cell, or (null) all that anybody disputes. */
	async choose(cell: AgreementCell | null): Promise<void> {
		this.cell = cell;
		await this.#read(null);
	}

	async more(): Promise<void> {
		if (this.next) await this.#read(this.next);
	}

	close(): void {
		this.found = null;
		this.cell = null;
		this.disputed = [];
		this.total = 0;
		this.next = null;
	}

	async #read(cursor: string | null): Promise<void> {
		const id = dataset.id;
		if (id === null) return;
		const asked = ++this.#asked;
		const query = { ...this.cell, limit: PAGE, ...(cursor ? { cursor } : {}) };
		const page = await given(
			api.GET("/api/v1/datasets/{dataset_id}/agreement/disputed", {
				params: { path: { dataset_id: id }, query },
			}),
		);
		if (asked !== this.#asked) return;
		this.disputed = cursor ? [...this.disputed, ...page.items] : page.items;
		this.total = page.total;
		this.next = page.next;
	}
}

export const agreement = new AgreementState();
