/** Figures as they are stated: with their spread, their number of cases, and no false digits. */

import { count } from "./format";

/** A proportion with its number of cases, and its standard deviation where folds were run. */
export interface Proportion {
	mean: number;
	sd?: number | null;
	interval?: [number, number] | null;
	n?: number | null;
}

/** `0.81 ± 0.02 (n = 203)`; the spread is the folds' standard deviation. */
export function stated(value: Proportion | null | undefined): string {
	if (!value || !Number.isFinite(value.mean)) return "–";
	const spread = value.sd != null && Number.isFinite(value.sd) ? ` ± ${value.sd.toFixed(2)}` : "";
	const cases = value.n != null ? ` (n = ${count(value.n)})` : "";
	return `${value.mean.toFixed(2)}${spread}${cases}`;
}

/** `0.77–0.84` */
export function range(interval: readonly [number, number] | null | undefined): string {
	return interval ? `${interval[0].toFixed(2)}–${interval[1].toFixed(2)}` : "–";
}

/**
 * Wilson score interval of k successes in n, 95 %.
 *
 * Stays inside [0, 1] and is sane at 0 of n, where the normal approximation has no width.
 * Reference: E. B. Wilson, J. Am. Stat. Assoc. 22 (1927) 209.
 */
export function wilson(k: number, n: number): [number, number] | null {
	if (n <= 0) return null;
	const z = 1.959964;
	const p = k / n;
	const centre = p + (z * z) / (2 * n);
	const half = z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n));
	const scale = 1 + (z * z) / n;
	return [Math.max(0, (centre - half) / scale), Math.min(1, (centre + half) / scale)];
}
