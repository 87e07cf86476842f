/** Histograms of a column: the bin of every cutout once, then counts of any selection by one pass. */

import { quantiles, wantsLog } from "./quantiles";

/** Bin code of a value that is NaN or infinite. */
export const UNBINNED = 255;

export interface Binning {
	readonly low: number;
	readonly high: number;
	/** equal steps in log(value) instead of value */
	readonly log: boolean;
	readonly bins: number;
	/** one bin per step of 1 from low + 0.5, because every value is a whole number */
	readonly whole: boolean;
	/** bin of every value; values beyond the ends are counted in the end bins */
	readonly codes: Uint8Array;
	/** how many lie below low, above high, and are undefined */
	readonly nBelow: number;
	readonly nAbove: number;
	readonly nUndefined: number;
}

/** Position of `value` on the axis, 0 at low and 1 at high. */
export function position(b: Pick<Binning, "low" | "high" | "log">, value: number): number {
	return b.log
		? Math.log(value / b.low) / Math.log(b.high / b.low)
		: (value - b.low) / (b.high - b.low);
}

/** Inverse of `position`. */
export function valueAt(b: Pick<Binning, "low" | "high" | "log">, at: number): number {
	return b.log ? b.low * (b.high / b.low) ** at : b.low + at * (b.high - b.low);
}

/**
 * Bin a column between its 0.5 % and 99.5 % quantiles (few far outliers would flatten the rest into
 * one bar), whole numbers one by one where they are few. null when no value is finite.
 */
export function bin(values: ArrayLike<number>, bins = 40, log = wantsLog(values)): Binning | null {
	const [least, q0, q1, most] = quantiles(values, [0, 0.005, 0.995, 1]) as [
		number,
		number,
		number,
		number,
	];
	if (!Number.isFinite(least)) return null;
	let low = q0;
	let high = q1;
	if (high <= low) [low, high] = [least, most];
	let whole = most - least <= 60;
	for (let i = 0; whole && i < values.length; i++) {
		const value = values[i] as number;
		if (Number.isFinite(value) && !Number.isInteger(value)) whole = false;
	}
	if (whole) {
		log = false;
		low = least - 0.5;
		high = most + 0.5;
		bins = Math.max(1, Math.round(high - low));
	} else if (high <= low) {
		const half = Math.abs(low) * 0.05 || 0.5;
		low -= half;
		high += half;
		log = false;
	}
	if (log && low <= 0) log = false;
	const codes = new Uint8Array(values.length);
	const a = log ? Math.log(low) : low;
	const factor = bins / ((log ? Math.log(high) : high) - a);
	let nBelow = 0;
	let nAbove = 0;
	let nUndefined = 0;
	for (let i = 0; i < values.length; i++) {
		const value = values[i] as number;
		if (!Number.isFinite(value)) {
			codes[i] = UNBINNED;
			nUndefined++;
			continue;
		}
		if (value < low) nBelow++;
		else if (value > high) nAbove++;
		const code = Math.floor(((log ? Math.log(value) : value) - a) * factor);
		codes[i] = code > 0 ? Math.min(bins - 1, code) : 0; // log of 0 or less is -Infinity or NaN: bin 0
	}
	return { low, high, log, bins, whole, codes, nBelow, nAbove, nUndefined };
}

/** Count per bin of the cutouts whose mask is 1 (all when null). */
export function countBins(binning: Binning, mask: Uint8Array | null): Uint32Array {
	const counts = new Uint32Array(256);
	const { codes } = binning;
	if (mask) for (let i = 0; i < codes.length; i++) counts[codes[i]!]! += mask[i]!;
	else for (let i = 0; i < codes.length; i++) counts[codes[i]!]!++;
	return counts.subarray(0, binning.bins);
}

/** Round a brush's end to what the axis can tell apart, so that the cut string stays readable. */
export function roundOnAxis(b: Binning, value: number): number {
	if (b.whole) return Math.round(value - 0.5) + 0.5;
	const step = b.log ? Math.abs(value) / 100 : (b.high - b.low) / 400;
	const power = 10 ** Math.floor(Math.log10(step || 1));
	const rounded = Math.round(value / power) * power;
	return Number(rounded.toPrecision(12));
}
