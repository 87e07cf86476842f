/** Raw pixels to RGBA, in the browser: what is on the screen is never read back as a value. */
import type { CutoutPixels, TypedArray } from "../api/binary";
import { type Colormap, table } from "./colormaps";
import { apply, type Limits, limitsFor, type Stretch } from "./stretch";

export interface Appearance {
	stretch: Stretch;
	colormap: Colormap;
	invert: boolean;
	percentiles: readonly [number, number];
	/** Images whose first row belongs at the bottom are drawn with it on top, and the others not. */
	turned: boolean;
}

/** Whether the first row is drawn at the bottom. */
export function drawnUpward(rowsUp: boolean, appearance: Pick<Appearance, "turned">): boolean {
	return rowsUp !== appearance.turned;
}

/** The row that is drawn as the n-th from the top, and where the n-th row is drawn. */
export function turnRow(n: number, height: number, flipped: boolean): number {
	return flipped ? height - 1 - n : n;
}

/** The rows of an RGBA image in reverse order, in place. */
export function reverseRows(
	rgba: Uint8ClampedArray<ArrayBuffer>,
	width: number,
): Uint8ClampedArray<ArrayBuffer> {
	const row = 4 * width;
	for (let top = 0, bottom = rgba.length - row; top < bottom; top += row, bottom -= row) {
		const kept = rgba.slice(top, top + row);
		rgba.copyWithin(top, bottom, bottom + row);
		rgba.set(kept, bottom);
	}
	return rgba;
}

/** Undefined pixels (NaN, infinite) are shown as a violet no colour map contains at this lightness. */
const UNDEFINED = [94, 40, 120] as const;
/** Steps of the value table; finer than the 256 colours it indexes, so that no step is lost. */
const STEPS = 4096;

/**
 * RGBA of `values` (row-major, height x width x channels). `limits` overrides the stretch's own, so
 * that several images share one. Colour images are drawn as they are: a stretch of a photograph
 * would change its hues.
 */
export function paint(
	values: TypedArray,
	channels: number,
	appearance: Appearance,
	limits?: Limits,
): Uint8ClampedArray<ArrayBuffer> {
	const n = values.length / channels;
	const rgba = new Uint8ClampedArray(4 * n);
	if (channels >= 3) {
		for (let i = 0; i < n; i++) {
			for (let c = 0; c < 3; c++) {
				const value = values[i * channels + c] as number;
				rgba[4 * i + c] = appearance.invert ? 255 - value : value;
			}
			rgba[4 * i + 3] = 255;
		}
		return rgba;
	}
	const range = limits ?? limitsFor(values, appearance.stretch, appearance.percentiles);
	const colours = table(appearance.colormap);
	const lookup = new Uint16Array(STEPS + 1);
	for (let s = 0; s <= STEPS; s++) {
		const y = apply(appearance.stretch, s / STEPS, { low: 0, high: 1 });
		lookup[s] = 3 * Math.round(255 * (appearance.invert ? 1 - y : y));
	}
	const scale = STEPS / (range.high - range.low);
	for (let i = 0; i < n; i++) {
		const value = values[i] as number;
		const at = 4 * i;
		if (Number.isFinite(value)) {
			const step = Math.min(STEPS, Math.max(0, Math.round((value - range.low) * scale)));
			const c = lookup[step] as number;
			rgba[at] = colours[c] as number;
			rgba[at + 1] = colours[c + 1] as number;
			rgba[at + 2] = colours[c + 2] as number;
		} else {
			rgba[at] = UNDEFINED[0];
			rgba[at + 1] = UNDEFINED[1];
			rgba[at + 2] = UNDEFINED[2];
		}
		rgba[at + 3] = 255;
	}
	return rgba;
}

/** Draw one cutout into a canvas of its own size; CSS enlarges it without smoothing. */
export function drawCutout(
	canvas: HTMLCanvasElement,
	cutout: CutoutPixels,
	appearance: Appearance,
	limits?: Limits,
): void {
	if (canvas.width !== cutout.width) canvas.width = cutout.width;
	if (canvas.height !== cutout.height) canvas.height = cutout.height;
	const context = canvas.getContext("2d", { willReadFrequently: true });
	if (!context || cutout.width === 0 || cutout.height === 0) return;
	const rgba = paint(cutout.pixels, cutout.channels, appearance, limits);
	if (drawnUpward(cutout.rowsUp, appearance)) reverseRows(rgba, cutout.width);
	context.putImageData(new ImageData(rgba, cutout.width, cutout.height), 0, 0);
}

/**
 * The image with k x k pixels in one. Block maximum, not mean or every k-th: a track one pixel wide
 * must not vanish from an overview. NaN counts only where the whole block is undefined.
 */
export function shrink(cutout: CutoutPixels, k: number): CutoutPixels {
	if (k <= 1) return cutout;
	const height = Math.ceil(cutout.height / k);
	const width = Math.ceil(cutout.width / k);
	const { channels, pixels } = cutout;
	const out = new Float32Array(height * width * channels).fill(Number.NaN);
	for (let y = 0; y < cutout.height; y++) {
		for (let x = 0; x < cutout.width; x++) {
			const to = (Math.floor(y / k) * width + Math.floor(x / k)) * channels;
			for (let c = 0; c < channels; c++) {
				const value = pixels[(y * cutout.width + x) * channels + c] as number;
				const old = out[to + c] as number;
				if (!(value <= old) && !Number.isNaN(value)) out[to + c] = value;
			}
		}
	}
	return { ...cutout, height, width, pixels: out, mask: null };
}
