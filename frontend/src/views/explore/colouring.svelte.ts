/** From what the page is coloured by to one colour code per point, in the theme's terms. */
import type { Colormap } from "../../lib/colormaps";
import {
	type Colouring,
	type ColourTheme,
	categoriesOf,
	colourByCategory,
	colourByNumber,
	NONE,
} from "../../scatter/colours";
import type { MapTheme } from "../../scatter/view";
import { app } from "../../state/app.svelte";
import { dataset } from "../../state/dataset.svelte";
import { models } from "../../state/models.svelte";
import { explore } from "./explore.svelte";

/** The map in dark and light: the CSS variables of app.css, as numbers for WebGL. */
export function mapTheme(): MapTheme {
	const light = app.theme === "light";
	const style = getComputedStyle(document.documentElement);
	const css = (name: string) => style.getPropertyValue(name).trim();
	return {
		background: light ? [244, 245, 246] : [14, 16, 19],
		grey: light ? [0.62, 0.65, 0.69, 0.35] : [0.42, 0.45, 0.5, 0.3],
		text: css("--text"),
		line: css("--line-strong"),
		accent: css("--accent"),
		careful: css("--careful"),
		image: css("--image-bg"),
	};
}

function colourTheme(): ColourTheme {
	return app.theme === "light"
		? { light: true, none: [150, 157, 167] }
		: { light: false, none: [110, 118, 129] };
}

function ofClasses(ids: ArrayLike<number>, noneName: string): Colouring {
	const categories = dataset.classes.map((c) => ({
		id: c.id,
		name: c.name,
		colour: c.colour,
		key: c.key,
		shape: c.ordinal,
	}));
	return colourByCategory(ids, categories, noneName, colourTheme());
}

/** Values may cover fewer cutouts than there are (an import is running): the rest is "no value". */
function padded(values: ArrayLike<number>, missing: number): ArrayLike<number> {
	if (values.length >= dataset.n) return values;
	const all = new Float64Array(dataset.n).fill(missing);
	for (let i = 0; i < values.length; i++) all[i] = values[i] as number;
	return all;
}

/** Predictions are indices into the classes that the model was trained on. */
function suggestions(): Colouring | null {
	const predicted = dataset.values("predicted");
	const modelId = dataset.columnByName("predicted")?.model_version_id;
	const model = modelId ? models.detail(modelId) : undefined;
	if (!predicted || !model) return null;
	const ids = new Int32Array(dataset.n);
	const classes = models.classesOf(model);
	for (let i = 0; i < predicted.length && i < ids.length; i++)
		ids[i] = classes[predicted[i] as number]?.id ?? 0;
	return ofClasses(ids, "no suggestion");
}

/** Colours of all points, or null while what they rest on is on its way. */
export function colouring(colormap: Colormap): Colouring | null {
	const made = colouringOfAll(colormap);
	return made && dataset.hidden ? withoutHidden(made, dataset.hidden) : made;
}

/** The same, but for what its legend counts: no cutout that is hidden. */
function withoutHidden(made: Colouring, hidden: Uint8Array): Colouring {
	const counts = new Uint32Array(256);
	let n = 0;
	for (let o = 0; o < hidden.length; o++) {
		if (!hidden[o]) continue;
		n++;
		(counts[made.index[o] as number] as number)++;
	}
	const entries = made.entries
		.map((entry) => ({ ...entry, n: entry.n - (counts[entry.code] as number) }))
		.filter((entry) => entry.n > 0 || entry.code !== NONE);
	const ramp = made.ramp && { ...made.ramp, nMissing: made.ramp.nMissing - n };
	return { ...made, entries, ramp };
}

function colouringOfAll(colormap: Colormap): Colouring | null {
	const by = explore.colouredBy;
	if (by === "class") return ofClasses(dataset.labels, "unlabelled");
	if (by === "suggestion") return suggestions();
	const name = by === "cluster" ? "cluster" : by.slice("column:".length);
	const column = dataset.columnByName(name);
	const values = dataset.values(name);
	if (!column || !values) return null;
	if (column.dtype === "category") {
		const categories = (column.categories ?? []).map((category, id) => ({ id, name: category }));
		return colourByCategory(padded(values, -1), categories, "no value", colourTheme());
	}
	if (name === "cluster") {
		const categories = categoriesOf(values, (id) => `${id + 1}`);
		return colourByCategory(padded(values, -1), categories, "unclustered", colourTheme());
	}
	const numbers =
		values.length >= dataset.n ? values : Float64Array.from(padded(values, Number.NaN));
	return colourByNumber(numbers, colormap, colourTheme());
}
