/**
 * What colours the map: one byte per point into a palette of 256 x (r, g, b, marker shape).
 *
 * Code 255 is "no value" (unlabelled, unclustered, NaN) and stays quiet. Classes keep their own
 * colour and take a marker shape as second cue, so that no class rests on hue alone.
 */

import type { TypedArray } from "../api/binary";
import { type Colormap, table } from "../lib/colormaps";
import { OKABE_ITO } from "../lib/markers";
import { quantiles, wantsLog } from "../lib/quantiles";
import { N_SHAPES } from "./shaders";

export const NONE = 255;

export interface LegendEntry {
	readonly code: number;
	readonly name: string;
	/** CSS colour as drawn on the map */
	readonly colour: string;
	/** marker shape, an index into `lib/markers` */
	readonly shape: number;
	/** key on the keyboard, where the entry is a class */
	readonly key?: string;
	/** class, cluster or category the entry stands for, in the terms of its source */
	readonly id: number;
	readonly n: number;
}

export interface Colouring {
	readonly index: Uint8Array;
	readonly palette: Uint8Array;
	readonly entries: readonly LegendEntry[];
	/** only for a continuous column */
	readonly ramp: Ramp | null;
}

export interface Ramp {
	readonly low: number;
	readonly high: number;
	readonly log: boolean;
	readonly colormap: Colormap;
	readonly nMissing: number;
}

type Rgb = readonly [number, number, number];

export interface ColourTheme {
	readonly light: boolean;
	/** colour of points without a value */
	readonly none: Rgb;
}

export function parseHex(colour: string): Rgb {
	const hex = /^#?([0-9a-f]{6})$/i.exec(colour.trim())?.[1];
	if (!hex) return [136, 136, 136];
	const value = Number.parseInt(hex, 16);
	return [value >> 16, (value >> 8) & 255, value & 255];
}

const css = ([r, g, b]: Rgb) => `rgb(${r} ${g} ${b})`;

function luminance([r, g, b]: Rgb): number {
	const linear = (v: number) => (v <= 10 ? v / 3294 : ((v / 255 + 0.055) / 1.055) ** 2.4);
	return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
}

/** The same hue, moved until a small mark of it can be seen on the theme's background. */
export function legible(colour: Rgb, light: boolean): Rgb {
	let [r, g, b] = colour;
	for (let step = 0; step < 12; step++) {
		const l = luminance([r, g, b]);
		if (light ? l < 0.46 : l > 0.17) break;
		if (light) [r, g, b] = [r * 0.93, g * 0.93, b * 0.93];
		else [r, g, b] = [r + (255 - r) * 0.08, g + (255 - g) * 0.08, b + (255 - b) * 0.08];
	}
	return [Math.round(r), Math.round(g), Math.round(b)];
}

/** Colour of the i-th of many categories: Okabe and Ito's but their grey, then hues a golden angle apart. */
export function categoryColour(i: number): Rgb {
	if (i < OKABE_ITO.length - 1) return parseHex(OKABE_ITO[i] as string);
	const hue = (i * 137.508) % 360;
	const lightness = [0.62, 0.45, 0.75][i % 3] as number;
	const chroma = 0.55 * Math.min(lightness, 1 - lightness);
	const channel = (k: number) => {
		const at = (k + hue / 30) % 12;
		return Math.round(255 * (lightness - chroma * Math.max(-1, Math.min(at - 3, 9 - at, 1))));
	};
	return [channel(0), channel(8), channel(4)];
}

function emptyPalette(theme: ColourTheme): Uint8Array {
	const palette = new Uint8Array(1024);
	for (let code = 0; code < 256; code++) palette.set([...theme.none, 0], 4 * code);
	return palette;
}

export interface Category {
	readonly id: number;
	readonly name: string;
	readonly colour?: string;
	readonly key?: string;
	/** marker shape; its place in the list where left out */
	readonly shape?: number;
}

/**
 * Colour by a category per point.
 *
 * @param values one id per point; an id that no category has is drawn as "no value"
 * @param noneName what "no value" is called in the legend
 */
export function colourByCategory(
	values: ArrayLike<number>,
	categories: readonly Category[],
	noneName: string,
	theme: ColourTheme,
): Colouring {
	const palette = emptyPalette(theme);
	const codes = new Map<number, number>();
	const drawn = categories.slice(0, NONE);
	const colours = drawn.map((category, code) => {
		codes.set(category.id, code);
		const given = category.colour ? parseHex(category.colour) : categoryColour(code);
		const colour = legible(given, theme.light);
		palette.set([...colour, shapeOf(category, code)], 4 * code);
		return colour;
	});
	const index = new Uint8Array(values.length);
	const counts = new Uint32Array(256);
	for (let i = 0; i < values.length; i++) {
		const code = codes.get(values[i] as number) ?? NONE;
		index[i] = code;
		counts[code]!++;
	}
	const entries: LegendEntry[] = drawn.map((category, code) => ({
		code,
		id: category.id,
		name: category.name,
		colour: css(colours[code] as Rgb),
		shape: shapeOf(category, code),
		key: category.key,
		n: counts[code] as number,
	}));
	if (counts[NONE])
		entries.push({
			code: NONE,
			id: NONE_ID,
			name: noneName,
			colour: css(theme.none),
			shape: 0,
			n: counts[NONE] as number,
		});
	return { index, palette, entries, ramp: null };
}

function shapeOf(category: Category, code: number): number {
	return (category.shape ?? code) % N_SHAPES;
}

/** id of the legend's "no value" entry; no class, cluster or category has it */
export const NONE_ID = Number.MIN_SAFE_INTEGER;

/** Categories of a column of small integers (cluster ids …), ascending; negative ones are "none". */
export function categoriesOf(values: ArrayLike<number>, name: (id: number) => string): Category[] {
	const seen = new Set<number>();
	for (let i = 0; i < values.length; i++) seen.add(values[i] as number);
	return [...seen]
		.filter((id) => id >= 0 && Number.isInteger(id))
		.sort((a, b) => a - b)
		.map((id) => ({ id, name: name(id) }));
}

/** Colour by a number per point between its 1 % and 99 % quantiles; NaN is "no value". */
export function colourByNumber(
	values: TypedArray,
	colormap: Colormap,
	theme: ColourTheme,
	log = wantsLog(values),
): Colouring {
	const palette = emptyPalette(theme);
	const colours = table(colormap);
	// the end of the colour map that meets the background is left out
	const [from, to] = theme.light ? [0, 225] : [colormap === "viridis" ? 18 : 60, 255];
	for (let code = 0; code < NONE; code++) {
		const c = 3 * Math.round(from + ((to - from) * code) / (NONE - 1));
		palette.set(
			[colours[c] as number, colours[c + 1] as number, colours[c + 2] as number, 0],
			4 * code,
		);
	}
	const scale = log ? Math.log : (x: number) => x;
	let [low = Number.NaN, high = Number.NaN] = quantiles(values, [0.01, 0.99]);
	if (!(high > low)) [low = Number.NaN, high = Number.NaN] = quantiles(values, [0, 1]);
	const a = scale(low);
	const factor = high > low ? (NONE - 1) / (scale(high) - a) : 0;
	const index = new Uint8Array(values.length);
	let nMissing = 0;
	for (let i = 0; i < values.length; i++) {
		const value = values[i] as number;
		if (!Number.isFinite(value)) {
			index[i] = NONE;
			nMissing++;
		} else {
			const code = factor ? (scale(value) - a) * factor : (NONE - 1) / 2;
			index[i] = code > 0 ? Math.min(NONE - 1, Math.round(code)) : 0;
		}
	}
	return { index, palette, entries: [], ramp: { low, high, log, colormap, nMissing } };
}
