/** Energy spectra: counts of any selection between edges, their Poisson intervals, as CSV. */

import { roundOnAxis } from "./histogram";
import { extent } from "./plot";
import { quantiles } from "./quantiles";

export interface Axis {
	readonly low: number;
	readonly high: number;
	readonly log: boolean;
	readonly bins: number;
}

export interface Spectrum {
	/** [bins] */
	readonly counts: Float64Array;
	/** of the selection: all, below the first edge, above the last, undefined */
	readonly n: number;
	readonly below: number;
	readonly above: number;
	readonly undefined: number;
}

/**
 * Axis that shows nearly all of the finite values (0.5 % at the upper end may lie beyond), with round
 * ends; a logarithmic one begins at the smallest positive value of note. null without any value.
 */
export function axisOf(
	values: ArrayLike<number>,
	factor: number,
	log: boolean,
	bins: number,
): Axis | null {
	let positive: ArrayLike<number> = values;
	if (log) positive = Array.prototype.filter.call(values, (v: number) => v > 0);
	const [least = Number.NaN, low0 = 0, high0 = 1] = quantiles(positive, [0, 0.005, 0.995]);
	if (!Number.isFinite(least)) return null;
	let low = (log ? low0 : Math.min(0, low0)) * factor;
	let high = high0 * factor;
	if (!(high > low)) {
		const half = Math.abs(low) / 2 || 0.5;
		[low, high] = log ? [low / 2, low * 2] : [low - half, low + half];
	}
	const rough = { low, high, log, whole: false, bins } as Parameters<typeof roundOnAxis>[0];
	const ends = [roundOnAxis(rough, low), roundOnAxis(rough, high)] as const;
	return { low: ends[0], high: ends[1], log, bins };
}

/** Bin edges, [bins + 1]: equal steps, or equal ratios on a logarithmic axis. */
export function edges({ low, high, log, bins }: Axis): Float64Array {
	return Float64Array.from({ length: bins + 1 }, (_, i) =>
		i === bins ? high : log ? low * (high / low) ** (i / bins) : low + ((high - low) * i) / bins,
	);
}

/**
 * Count values between edges; a bin holds its lower edge, the last also its upper one.
 *
 * @param factor  from the stored unit to that of the axis
 * @param mask  1 per cutout counted; null = all
 */
export function count(
	values: ArrayLike<number>,
	factor: number,
	axis: Axis,
	mask: ArrayLike<number> | null = null,
): Spectrum {
	const counts = new Float64Array(axis.bins);
	const sum = { n: 0, below: 0, above: 0, undefined: 0 };
	const { low, high, log, bins } = axis;
	const start = log ? Math.log(low) : low;
	const step = bins / ((log ? Math.log(high) : high) - start);
	for (let i = 0; i < values.length; i++) {
		if (mask && !mask[i]) continue;
		const value = (values[i] as number) * factor;
		sum.n++;
		if (!Number.isFinite(value)) sum.undefined++;
		else if (value < low) sum.below++;
		else if (value > high) sum.above++;
		else {
			const bin = Math.floor(((log ? Math.log(value) : value) - start) * step);
			(counts[Math.max(0, Math.min(bins - 1, bin))] as number)++;
		}
	}
	return { counts, ...sum };
}

/**
 * Central 68.3 % confidence interval of a Poisson mean after `n` counts, within 2 % of the exact
 * one (Gehrels 1986, ApJ 303, 336, equations 7 and 12): 0 counts reach up to 1.84.
 */
export function poissonInterval(n: number): [number, number] {
	const high = n + Math.sqrt(n + 0.75) + 1;
	const low = n > 0 ? n * (1 - 1 / (9 * n) - 1 / (3 * Math.sqrt(n))) ** 3 : 0;
	return [low, n === 0 ? 1.841 : high];
}

/** One line per bin; `columns` are further counts, such as one per class. */
export function toCsv(
	axis: Axis,
	unit: string,
	counts: ArrayLike<number>,
	columns: readonly { name: string; counts: ArrayLike<number> }[] = [],
): string {
	const at = edges(axis);
	const head = ["low", "high", "unit", "count", "error_low", "error_high"];
	const lines = [[...head, ...columns.map((c) => quoted(c.name))].join(",")];
	for (let i = 0; i < axis.bins; i++) {
		const n = counts[i] as number;
		const [low, high] = poissonInterval(n);
		lines.push(
			[
				Number((at[i] as number).toPrecision(10)),
				Number((at[i + 1] as number).toPrecision(10)),
				quoted(unit),
				n,
				(n - low).toFixed(3),
				(high - n).toFixed(3),
				...columns.map((c) => c.counts[i] ?? 0),
			].join(","),
		);
	}
	return `${lines.join("\n")}\n`;
}

function quoted(text: string): string {
	// A spreadsheet would run what begins like a formula.
	const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
	return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Highest of several counts with room for the error bar; at least 1. */
export function ceiling(...spectra: ArrayLike<number>[]): number {
	const most = extent(spectra.flatMap((s) => Array.from(s)))?.[1] ?? 1;
	return Math.max(1, poissonInterval(most)[1]);
}
