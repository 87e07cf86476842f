/**
 * Display stretches. They turn pixel values into [0, 1] for the screen and touch nothing else:
 * no stretch ever reaches training data.
 */
import type { TypedArray } from "../api/binary";

export type Stretch = "linear" | "log" | "asinh" | "zscale";

export const STRETCHES: readonly Stretch[] = ["linear", "log", "asinh", "zscale"];

export interface Limits {
	low: number;
	high: number;
}

/** Contrast of the log stretch: y = log(1 + a x) / log(1 + a), as in ds9. */
const LOG_CONTRAST = 1000;
/** Softening of the asinh stretch: linear below a tenth of the range (Lupton et al. 2004). */
const ASINH_SOFTENING = 0.1;
/** Above this many pixels a percentile is taken from an even sample: 65536 is stable to 0.1 %. */
const SAMPLE = 65536;

/** Finite values in rising order, at most `SAMPLE` of them, evenly taken. */
function sortedSample(values: TypedArray): Float64Array {
	const step = Math.max(1, Math.ceil(values.length / SAMPLE));
	const finite = new Float64Array(Math.ceil(values.length / step));
	let n = 0;
	for (let i = 0; i < values.length; i += step) {
		const value = values[i] as number;
		if (Number.isFinite(value)) finite[n++] = value;
	}
	return finite.subarray(0, n).sort();
}

function percentileOf(sorted: Float64Array, percent: number): number {
	if (sorted.length === 0) return 0;
	const at = ((sorted.length - 1) * percent) / 100;
	const below = Math.floor(at);
	const a = sorted[below] as number;
	const b = sorted[Math.min(below + 1, sorted.length - 1)] as number;
	return a + (b - a) * (at - below);
}

/** Limits between two percentiles of the finite values; (0, 1) where there is none. */
export function percentileLimits(values: TypedArray, low = 0, high = 99.5): Limits {
	const sorted = sortedSample(values);
	if (sorted.length === 0) return { low: 0, high: 1 };
	const a = percentileOf(sorted, low);
	let b = percentileOf(sorted, high);
	if (b <= a) b = sorted[sorted.length - 1] as number;
	return { low: a, high: b > a ? b : a + 1 };
}

/**
 * IRAF's zscale: a line through the sorted sample, values off by more than 2.5 sigma rejected in up
 * to five rounds, its slope divided by the contrast around the median.
 * After astropy.visualization.ZScaleInterval (BSD), same constants.
 */
export function zscaleLimits(values: TypedArray, contrast = 0.25, samples = 1000): Limits {
	const all = sortedSample(values);
	if (all.length === 0) return { low: 0, high: 1 };
	const step = Math.max(1, all.length / samples);
	const sample: number[] = [];
	for (let i = 0; i < all.length; i += step) sample.push(all[Math.floor(i)] as number);
	const n = sample.length;
	const first = all[0] as number;
	const last = all[all.length - 1] as number;
	const whole = { low: first, high: last > first ? last : first + 1 };
	const minimum = Math.max(5, Math.floor(n * 0.5));
	if (n < minimum) return whole;

	let good = new Array<boolean>(n).fill(true);
	let kept = n;
	let previous = n + 1;
	let slope = 0;
	const grow = Math.max(1, Math.floor(n * 0.01));
	for (let round = 0; round < 5 && kept < previous && kept >= minimum; round++) {
		let sx = 0;
		let sy = 0;
		let sxx = 0;
		let sxy = 0;
		for (let i = 0; i < n; i++) {
			if (!good[i]) continue;
			const y = sample[i] as number;
			sx += i;
			sy += y;
			sxx += i * i;
			sxy += i * y;
		}
		const denominator = kept * sxx - sx * sx;
		slope = denominator === 0 ? 0 : (kept * sxy - sx * sy) / denominator;
		const offset = (sy - slope * sx) / kept;
		let squares = 0;
		for (let i = 0; i < n; i++) {
			if (good[i]) squares += ((sample[i] as number) - (offset + slope * i)) ** 2;
		}
		const cut = 2.5 * Math.sqrt(squares / kept);
		const bad = sample.map((y, i) => !good[i] || Math.abs(y - (offset + slope * i)) > cut);
		good = sample.map((_, i) => {
			for (let j = Math.max(0, i - grow + 1); j < Math.min(n, i + grow); j++)
				if (bad[j]) return false;
			return true;
		});
		previous = kept;
		kept = good.filter(Boolean).length;
	}
	if (kept < minimum) return whole;
	const centre = Math.floor((n - 1) / 2);
	const median = percentileOf(all, 50);
	const scaled = contrast > 0 ? slope / contrast : slope;
	const low = Math.max(first, median - (centre - 1) * scaled);
	const high = Math.min(last, median + (n - centre) * scaled);
	return high > low ? { low, high } : whole;
}

/** Limits that `stretch` wants for these values. */
export function limitsFor(
	values: TypedArray,
	stretch: Stretch,
	percentiles: readonly [number, number] = [0, 99.5],
): Limits {
	return stretch === "zscale"
		? zscaleLimits(values)
		: percentileLimits(values, percentiles[0], percentiles[1]);
}

/** Map a value into [0, 1]; NaN stays NaN. */
export function apply(stretch: Stretch, value: number, { low, high }: Limits): number {
	const x = Math.min(1, Math.max(0, (value - low) / (high - low)));
	if (stretch === "log") return Math.log1p(LOG_CONTRAST * x) / Math.log1p(LOG_CONTRAST);
	if (stretch === "asinh") return Math.asinh(x / ASINH_SOFTENING) / Math.asinh(1 / ASINH_SOFTENING);
	return x;
}
