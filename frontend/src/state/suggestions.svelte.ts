/** What the active model thinks of a cutout. A suggestion is shown, never stored as a label. */
import { api, given } from "../api/client";
import type { LabelClass } from "../api/types";
import { load, save } from "../lib/stored";
import { dataset } from "./dataset.svelte";

export interface Suggestion {
	labelClass: LabelClass;
	probability: number;
}

class SuggestionState {
	/** Hidden on wish, so that a judgement can be made without having seen one. */
	visible = $state(load("suggestions", true));
	#classes = $state.raw<{ modelId: number; classIds: number[] } | null>(null);
	#asked: number | null = null;

	get modelId(): number | null {
		return dataset.info?.active_model_id ?? null;
	}

	toggle(): void {
		this.visible = !this.visible;
		save("suggestions", this.visible);
	}

	/** The most probable class of a cutout; null where no model has looked at it. */
	of(ordinal: number): Suggestion | null {
		const modelId = this.modelId;
		if (modelId === null || ordinal < 0) return null;
		if (this.#classes?.modelId !== modelId) {
			if (this.#asked !== modelId) {
				this.#asked = modelId;
				queueMicrotask(() => void this.#load(modelId));
			}
			return null;
		}
		const column = dataset.columnByName("probability");
		const values = dataset.values("probability");
		if (!column || !values || column.model_version_id !== modelId) return null;
		const at = ordinal * column.width;
		let best = -1;
		let most = -1;
		for (let k = 0; k < column.width; k++) {
			const p = values[at + k];
			if (p !== undefined && p > most) {
				most = p;
				best = k;
			}
		}
		const labelClass = dataset.classById(this.#classes.classIds[best] ?? -1);
		return labelClass ? { labelClass, probability: most } : null;
	}

	async #load(modelId: number): Promise<void> {
		try {
			const model = await given(
				api.GET("/api/v1/models/{model_id}", { params: { path: { model_id: modelId } } }),
			);
			this.#classes = { modelId, classIds: model.classes.map((c) => Number(c.id)) };
		} catch {
			this.#asked = null;
		}
	}
}

export const suggestions = new SuggestionState();
