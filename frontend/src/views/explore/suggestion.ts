/** What the active model says of one cutout. */
import { dataset } from "../../state/dataset.svelte";
import { models } from "../../state/models.svelte";

/** The suggested class and its probability; null without a model, or while it is on its way. */
export function suggestionOf(ordinal: number): { name: string; probability: number } | null {
	const column = dataset.columnByName("predicted");
	if (!column?.model_version_id) return null;
	const index = dataset.values("predicted")?.[ordinal];
	const probability = dataset.values("confidence")?.[ordinal];
	const name = models.detail(column.model_version_id)?.classes[index ?? -1]?.name;
	return name === undefined || probability === undefined ? null : { name, probability };
}
