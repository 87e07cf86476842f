/**
 * Shapley values of gradient-boosted trees: what each number adds to the log odds of each class.
 *
 * A row of the column `shap` holds them class after class, within a class feature after feature.
 * Reference: S. M. Lundberg et al., Nature Machine Intelligence 2 (2020) 56.
 */

/** What one number does to one class of one cutout. */
export interface Push {
	feature: string;
	index: number;
	value: number;
}

/** Numbers of one class of a row, from the strongest to the weakest. */
export function pushes(
	row: ArrayLike<number>,
	classIndex: number,
	features: readonly string[],
): Push[] {
	const start = classIndex * features.length;
	return features
		.map((feature, index) => ({ feature, index, value: row[start + index] ?? Number.NaN }))
		.filter((push) => Number.isFinite(push.value))
		.sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
}

/** The strongest pushes towards a class and away from it, those of less than 0.005 left out. */
export function towardsAndAway(
	row: ArrayLike<number>,
	classIndex: number,
	features: readonly string[],
	most: number,
): { towards: Push[]; away: Push[] } {
	const all = pushes(row, classIndex, features).filter((p) => Math.abs(p.value) >= 0.005);
	return {
		towards: all.filter((p) => p.value > 0).slice(0, most),
		away: all.filter((p) => p.value < 0).slice(0, most),
	};
}

/** Class with the largest score: base plus the sum of its values. */
export function favourite(row: ArrayLike<number>, base: readonly number[]): number {
	const features = row.length / Math.max(base.length, 1);
	let best = 0;
	let most = Number.NEGATIVE_INFINITY;
	base.forEach((start, k) => {
		let score = start;
		for (let i = 0; i < features; i++) score += row[k * features + i] ?? 0;
		if (score > most) {
			most = score;
			best = k;
		}
	});
	return best;
}

/** Indices of the features that move a class most, or all classes together (null). */
export function strongest(
	meanAbs: readonly (readonly number[])[],
	classIndex: number | null,
	most: number,
): number[] {
	const features = meanAbs[0]?.length ?? 0;
	const weight = (i: number) =>
		classIndex === null
			? meanAbs.reduce((sum, of) => sum + (of[i] ?? 0), 0)
			: (meanAbs[classIndex]?.[i] ?? 0);
	return Array.from({ length: features }, (_, i) => i)
		.filter((i) => weight(i) > 0)
		.sort((a, b) => weight(b) - weight(a))
		.slice(0, most);
}

/**
 * Rank of each value among the finite ones, 0 (least) to 1, ties sharing their mean; NaN stays.
 *
 * What a beeswarm is coloured by: one huge charge must not make all others look small.
 */
export function rankShares(values: ArrayLike<number>): Float64Array {
	const order = Array.from({ length: values.length }, (_, i) => i)
		.filter((i) => Number.isFinite(values[i]))
		.sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0));
	const shares = new Float64Array(values.length).fill(Number.NaN);
	for (let i = 0; i < order.length; ) {
		let j = i;
		while (j + 1 < order.length && values[order[j + 1] ?? 0] === values[order[i] ?? 0]) j++;
		for (let k = i; k <= j; k++) {
			shares[order[k] ?? 0] = order.length > 1 ? (i + j) / 2 / (order.length - 1) : 0.5;
		}
		i = j + 1;
	}
	return shares;
}

/**
 * Heights of the dots of one row of a beeswarm, in dot widths from its middle.
 *
 * Dots that fall into one column of `width` are stacked up and down alternately; a stack higher
 * than `limit` starts again from the middle.
 */
export function swarm(places: ArrayLike<number>, width: number, limit: number): Float64Array {
	const filled = new Map<number, number>();
	return Float64Array.from({ length: places.length }, (_, i) => {
		const column = Math.round((places[i] ?? 0) / width);
		const n = filled.get(column) ?? 0;
		filled.set(column, n + 1);
		const step = Math.ceil(n / 2) % (limit + 1);
		return n % 2 ? step : -step;
	});
}

/** At most `most` of n ordinals, evenly spread. */
export function spread(n: number, most: number): number[] {
	if (n <= most) return Array.from({ length: n }, (_, i) => i);
	return Array.from({ length: most }, (_, i) => Math.floor((i * n) / most));
}
