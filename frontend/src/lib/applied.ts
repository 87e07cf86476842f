/** What a model version found in a dataset it was not trained on, and the readings the page takes. */
import { canonical } from "./labelSet";

export interface Purity {
	value: number;
	interval: [number, number];
	n: number;
}

/** The number of one class; `words` holds all of it as it is to be read. */
export interface CorrectedCount {
	class_name: string;
	verdict: "measured" | "upper_limit" | "not_identifiable";
	/** Null where the held-out labels do not carry it. */
	count: number | null;
	interval: [number, number];
	held_out: number;
	reason: string | null;
	words: string;
}

export interface Applied {
	model_version_id: number;
	model_name: string;
	source: { dataset_id: number; name: string };
	classes: string[];
	n: number;
	counts: number[];
	corrected: CorrectedCount[];
	/** Classes that are only known together. */
	together: { classes: string[]; words: string }[];
	thresholds: number[];
	/** By threshold, then class: right ones among held-out cutouts above it. */
	purity: (Purity | null)[][];
	domain: { outside: number; reference: string; n_reference: number };
	warnings: string[];
	joint_map: boolean;
}

/** Where an older version counted, without saying what the labels carry. */
const OLD = "not stated by the version that counted: apply the model again";

export function appliedOf(result: unknown): Applied | null {
	const found = result as Applied | null | undefined;
	if (!found || !Array.isArray(found.counts) || !Array.isArray(found.corrected)) return null;
	const corrected = found.corrected.map((c, k): CorrectedCount => {
		if (c.verdict) return c;
		return {
			class_name: found.classes[k] ?? "",
			verdict: "not_identifiable",
			count: null,
			interval: c.interval,
			held_out: 0,
			reason: OLD,
			words: "–",
		};
	});
	return { ...found, corrected, together: found.together ?? [] };
}

/**
 * The corrected number of the classes kept: all of them are as many as there are cutouts; of some
 * it is known only where each is identifiable. Null where it is not.
 */
export function correctedSum(applied: Applied, kept: (k: number) => boolean): number | null {
	const chosen = applied.corrected.filter((_, k) => kept(k));
	if (chosen.length === applied.corrected.length) return applied.n;
	let sum = 0;
	for (const { count } of chosen) {
		if (count === null) return null;
		sum += count;
	}
	return sum;
}

/** What stands under the table: classes known only together, and why a count is not stated. */
export function countNotes(applied: Applied): string[] {
	const together = applied.together.map(
		({ classes, words }) => `${classes.join(" and ")} together: ${words}.`,
	);
	const reasons = new Map<string, string[]>();
	for (const { verdict, class_name, reason } of applied.corrected) {
		if (verdict !== "not_identifiable" || !reason) continue;
		reasons.set(reason, [...(reasons.get(reason) ?? []), class_name]);
	}
	return [
		...together,
		...[...reasons].map(([reason, names]) => `Not identifiable: ${names.join(", ")} (${reason}).`),
	];
}

/** Cutouts of each class whose class is more probable than the threshold. */
export function countsAbove(
	predicted: ArrayLike<number>,
	confidence: ArrayLike<number>,
	threshold: number,
	classes: number,
): number[] {
	const counts = new Array<number>(classes).fill(0);
	for (let i = 0; i < predicted.length; i++) {
		const k = predicted[i] as number;
		if (k >= 0 && k < classes && (confidence[i] as number) > threshold)
			counts[k] = (counts[k] ?? 0) + 1;
	}
	return counts;
}

/** Ordinals above the threshold of the classes kept, in dataset order. */
export function keptAbove(
	predicted: ArrayLike<number>,
	confidence: ArrayLike<number>,
	threshold: number,
	kept: (k: number) => boolean,
): Int32Array {
	const found: number[] = [];
	for (let i = 0; i < predicted.length; i++) {
		const k = predicted[i] as number;
		if (k >= 0 && kept(k) && (confidence[i] as number) > threshold) found.push(i);
	}
	return Int32Array.from(found);
}

/** Ordinals of one class above the threshold, the most confident first or last. */
export function byConfidence(
	predicted: ArrayLike<number>,
	confidence: ArrayLike<number>,
	k: number,
	threshold: number,
	mostFirst: boolean,
): Int32Array {
	const sign = mostFirst ? -1 : 1;
	return keptAbove(predicted, confidence, threshold, (other) => other === k).sort(
		(a, b) => sign * ((confidence[a] as number) - (confidence[b] as number)) || a - b,
	);
}

/**
 * What held-out cutouts say of a class above a threshold, measured at the highest threshold that
 * does not lie above it: a little too careful between two of them, never too kind.
 */
export function purityAt(applied: Applied, k: number, threshold: number): Purity | null {
	let place = 0;
	applied.thresholds.forEach((t, i) => {
		if (t <= threshold + 1e-9) place = i;
	});
	return applied.purity[place]?.[k] ?? null;
}

interface Named {
	id: number;
	name: string;
}

/** A model's classes with the ids that this dataset's label set has for their names; 0 for none. */
export function classesHere(classes: readonly Named[], here: readonly Named[]): Named[] {
	return classes.map(({ name }) => ({
		id: here.find((c) => canonical(c.name) === canonical(name))?.id ?? 0,
		name,
	}));
}

/** Where the nearest point lies; −1 when none is within reach. Positions [n, 2], NaN left out. */
export function nearestPoint(
	positions: ArrayLike<number>,
	x: number,
	y: number,
	reach: number,
): number {
	let best = -1;
	let least = reach * reach;
	for (let i = 0; i < positions.length / 2; i++) {
		const dx = (positions[2 * i] as number) - x;
		const dy = (positions[2 * i + 1] as number) - y;
		const square = dx * dx + dy * dy;
		if (square <= least) {
			best = i;
			least = square;
		}
	}
	return best;
}
