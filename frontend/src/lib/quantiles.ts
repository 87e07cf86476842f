/** Values at the fractions `at` of the finite values, from an even sample of at most 65536. */
export function quantiles(values: ArrayLike<number>, at: readonly number[]): number[] {
	const step = Math.max(1, Math.ceil(values.length / 65536));
	const sample: number[] = [];
	for (let i = 0; i < values.length; i += step) {
		const value = values[i] as number;
		if (Number.isFinite(value)) sample.push(value);
	}
	const sorted = Float64Array.from(sample).sort();
	return at.map((q) => sorted[Math.round(q * (sorted.length - 1))] ?? Number.NaN);
}

/** Whether numbers of this spread are better seen on a log scale: positive, the large ones more than 30 times the small ones. */
export function wantsLog(values: ArrayLike<number>): boolean {
	const [least = 0, low = 0, high = 0] = quantiles(values, [0, 0.02, 0.98]);
	return least > 0 && high / low > 30;
}
