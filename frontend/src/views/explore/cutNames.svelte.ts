/** Columns of names that a cut may be made on: the label, predicted classes, categories. */
import { dataset } from "../../state/dataset.svelte";
import { models } from "../../state/models.svelte";

/** The word for the label in a cut, unless a column is called so. */
const LABEL = "class";
const CLASS_INDEX = new Set(["predicted", "held_out_class", "snapshot_class"]);

export interface NamedColumn {
	/** one per cutout; undefined while they are on their way */
	readonly codes: ArrayLike<number> | undefined;
	readonly places: ReadonlyMap<string, number>;
}

/** null where the name is no column of names. */
export function namedColumn(name: string): NamedColumn | null {
	const column = dataset.columnByName(name);
	if (!column) {
		if (name !== LABEL) return null;
		const ids = dataset.classes.map((c) => [c.name, c.id] as const);
		return { codes: dataset.labels, places: new Map([["unlabelled", 0], ...ids]) };
	}
	if (column.width !== 1) return null;
	if (column.dtype === "category")
		return { codes: dataset.values(name), places: placesOf(column.categories ?? []) };
	if (!CLASS_INDEX.has(name) || !column.model_version_id) return null;
	const classes = models.detail(column.model_version_id)?.classes;
	if (!classes) {
		const id = column.model_version_id;
		queueMicrotask(() => void models.loadDetail(id).catch(() => {}));
	}
	return {
		codes: classes && dataset.values(name),
		places: placesOf(classes?.map((c) => c.name) ?? []),
	};
}

function placesOf(names: readonly string[]): Map<string, number> {
	return new Map(names.map((name, code) => [name, code]));
}
