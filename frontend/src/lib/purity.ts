/**
 * Purity and efficiency of a class, against threshold and against any number of the cutouts.
 *
 * A cutout is taken as class k at threshold t where k is its likeliest class and p(k) > t, with
 * held-out probabilities. Purity: the share of what is taken that is labelled k. Efficiency: the
 * share of what is labelled k that is taken. Both with Wilson 95 % intervals.
 */
import { wilson } from "./figures";

/** Labelled cutouts that were held out once: their label, likeliest class and its probability. */
export interface Tested {
	ordinal: Int32Array;
	label: Int16Array;
	predicted: Int16Array;
	top: Float32Array;
}

export interface Rate {
	value: number;
	interval: [number, number] | null;
	k: number;
	n: number;
}

export interface Rates {
	purity: Rate;
	efficiency: Rate;
}

/**
 * @param label class index each cutout was trained with, −1 where none [n]
 * @param probability row-major [n, classes], NaN where never held out
 * @param judged 1 where figures may be taken from; by default everywhere [n]
 */
export function tested(
	label: ArrayLike<number>,
	probability: ArrayLike<number>,
	classes: number,
	judged?: ArrayLike<number>,
): Tested {
	const found: number[] = [];
	const n = Math.min(label.length, Math.floor(probability.length / Math.max(classes, 1)));
	for (let i = 0; i < n; i++) {
		if (judged && !judged[i]) continue;
		if ((label[i] ?? -1) >= 0 && Number.isFinite(probability[i * classes])) found.push(i);
	}
	const result: Tested = {
		ordinal: Int32Array.from(found),
		label: Int16Array.from(found, (i) => label[i] ?? -1),
		predicted: new Int16Array(found.length),
		top: new Float32Array(found.length),
	};
	found.forEach((i, row) => {
		let best = 0;
		for (let c = 1; c < classes; c++) {
			if ((probability[i * classes + c] ?? 0) > (probability[i * classes + best] ?? 0)) best = c;
		}
		result.predicted[row] = best;
		result.top[row] = probability[i * classes + best] ?? Number.NaN;
	});
	return result;
}

export function rate(k: number, n: number): Rate {
	return { value: n ? k / n : Number.NaN, interval: wilson(k, n), k, n };
}

/** Purity and efficiency of one class at one threshold, over the given rows (all by default). */
export function ratesAt(
	of: Tested,
	classIndex: number,
	threshold: number,
	rows?: ArrayLike<number>,
): Rates {
	let labelled = 0;
	let taken = 0;
	let both = 0;
	const n = rows ? rows.length : of.label.length;
	for (let j = 0; j < n; j++) {
		const i = rows ? (rows[j] ?? 0) : j;
		const is = of.label[i] === classIndex;
		const said = of.predicted[i] === classIndex && (of.top[i] ?? 0) > threshold;
		if (is) labelled++;
		if (said) taken++;
		if (is && said) both++;
	}
	return { purity: rate(both, taken), efficiency: rate(both, labelled) };
}

export interface Bin extends Rates {
	low: number;
	high: number;
	/** Where the bin is drawn: its median, or its middle for logarithmic bins. */
	at: number;
	n: number;
}

/**
 * Edges of at most `count` bins over finite values; fewer where values repeat.
 *
 * @param by "quantiles": as many cutouts in each; "log": even in the logarithm (positive values)
 * @returns ascending edges, the last one included in the last bin; empty where there is no value
 */
export function edges(values: ArrayLike<number>, count: number, by: "quantiles" | "log"): number[] {
	const known = Array.from(values)
		.filter((v) => Number.isFinite(v) && (by === "quantiles" || v > 0))
		.sort((a, b) => a - b);
	const low = known[0];
	const high = known.at(-1);
	if (low === undefined || high === undefined) return [];
	if (low === high) return [low, high];
	const found = [low];
	for (let i = 1; i < count; i++) {
		const share = i / count;
		const edge =
			by === "log"
				? low * (high / low) ** share
				: (known[Math.floor(share * known.length)] ?? high);
		if (edge > (found.at(-1) ?? low) && edge < high) found.push(edge);
	}
	return [...found, high];
}

/**
 * Rates of one class in bins of a number.
 *
 * @param values of the number for each tested cutout; those without (NaN, or ≤ 0 in logarithmic
 *   bins) are left out
 */
export function ratesInBins(
	of: Tested,
	classIndex: number,
	threshold: number,
	values: ArrayLike<number>,
	count: number,
	by: "quantiles" | "log",
): Bin[] {
	const bounds = edges(values, count, by);
	const bins: number[][] = Array.from({ length: Math.max(0, bounds.length - 1) }, () => []);
	for (let i = 0; i < of.label.length; i++) {
		const v = values[i] ?? Number.NaN;
		if (!(v >= (bounds[0] ?? 0) && v <= (bounds.at(-1) ?? 0))) continue;
		let b = bins.length - 1;
		while (b > 0 && v < (bounds[b] ?? 0)) b--;
		bins[b]?.push(i);
	}
	return bins.map((rows, b) => {
		const low = bounds[b] ?? 0;
		const high = bounds[b + 1] ?? 0;
		const inside = rows.map((i) => values[i] ?? 0).sort((x, y) => x - y);
		const middle = by === "log" ? Math.sqrt(low * high) : inside[Math.floor(inside.length / 2)];
		return {
			...ratesAt(of, classIndex, threshold, rows),
			low,
			high,
			at: middle ?? (low + high) / 2,
			n: rows.length,
		};
	});
}

/** A field of a CSV file: quoted where it must be. */
function field(value: string | number): string {
	const text = typeof value === "number" && !Number.isFinite(value) ? "" : String(value);
	return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function rateFields({ value, interval, k, n }: Rate): (string | number)[] {
	return [value, interval?.[0] ?? "", interval?.[1] ?? "", k, n];
}

const RATE_HEADS = ["", "_low", "_high", "_k", "_n"];
const HEADS = ["purity", "efficiency"].flatMap((name) => RATE_HEADS.map((end) => `${name}${end}`));

/** Rates of every class at every threshold as CSV, one line each, with a header. */
export function thresholdCsv(of: Tested, names: string[], thresholds: number[]): string {
	const lines = names.flatMap((name, k) =>
		thresholds.map((t) => {
			const { purity, efficiency } = ratesAt(of, k, t);
			return [name, t, ...rateFields(purity), ...rateFields(efficiency)];
		}),
	);
	return table([["class", "threshold", ...HEADS], ...lines]);
}

/** Rates of one class in bins as CSV, with a header. */
export function binCsv(bins: readonly Bin[], name: string, number: string, threshold: number) {
	const lines = bins.map((b) => [
		name,
		threshold,
		number,
		b.low,
		b.high,
		...rateFields(b.purity),
		...rateFields(b.efficiency),
	]);
	return table([["class", "threshold", "number", "low", "high", ...HEADS], ...lines]);
}

function table(rows: (string | number)[][]): string {
	return `${rows.map((row) => row.map(field).join(",")).join("\n")}\n`;
}
