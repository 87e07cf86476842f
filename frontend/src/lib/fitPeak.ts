/**
 * A Gaussian on a linear background, fitted to counts by iteratively reweighted least squares.
 *
 * Each bin's weight is 1 over the variance that the model of the step before expects there. At rest
 * that is the maximum of the Poisson likelihood (Charles, Frome and Yu 1976, J. Am. Stat. Assoc. 71,
 * 169), without the pull towards low bins that weights of 1 over the counts have. The model is
 * integrated over every bin, so that wide bins and logarithmic ones bias nothing.
 */

export interface PeakFit {
	readonly ok: true;
	/** position, width (standard deviation) and counts of the peak, each with its standard error */
	readonly mean: number;
	readonly meanError: number;
	readonly sigma: number;
	readonly sigmaError: number;
	readonly area: number;
	readonly areaError: number;
	/** counts per unit at `centre`, and their change per unit */
	readonly background: number;
	readonly slope: number;
	readonly centre: number;
	/** Pearson's, over bins minus 5 parameters */
	readonly chi2: number;
	readonly ndf: number;
	readonly from: number;
	readonly to: number;
}

export type FitOutcome = PeakFit | { readonly ok: false; readonly why: string };

export const FWHM = 2 * Math.sqrt(2 * Math.log(2));
const LEAST_BINS = 8;
const LEAST_COUNTS = 30;
const SQRT2PI = Math.sqrt(2 * Math.PI);

/** @param edges  [bins + 1], rising; whole bins between `from` and `to` are fitted */
export function fitPeak(
	edges: ArrayLike<number>,
	counts: ArrayLike<number>,
	from: number,
	to: number,
): FitOutcome {
	const tiny = 1e-9 * Math.abs(to - from);
	const first = Array.prototype.findIndex.call(edges, (e: number) => e >= from - tiny);
	let last = first;
	while (last + 1 < edges.length && (edges[last + 1] as number) <= to + tiny) last++;
	const n = last - first;
	if (first < 0 || n < LEAST_BINS)
		return {
			ok: false,
			why: `Only ${Math.max(0, n)} bins there; a fit needs ${LEAST_BINS}. Take more bins or a wider range.`,
		};
	// the range as -1..1, for numbers of one size
	const low = edges[first] as number;
	const high = edges[last] as number;
	const centre = (low + high) / 2;
	const half = (high - low) / 2;
	const u = Float64Array.from(
		{ length: n + 1 },
		(_, i) => ((edges[first + i] as number) - centre) / half,
	);
	const y = Float64Array.from({ length: n }, (_, i) => counts[first + i] as number);
	const total = y.reduce((a, b) => a + b, 0);
	if (total < LEAST_COUNTS)
		return { ok: false, why: `Only ${total} counts there; a fit needs ${LEAST_COUNTS}.` };

	let p = start(u, y);
	let converged = false;
	for (let round = 0; round < 60 && !converged; round++) {
		const weight = model(u, p).mu.map((m) => 1 / Math.max(m, 1));
		const next = minimise(u, y, weight, p);
		converged = next.every((v, k) => Math.abs(v - (p[k] as number)) <= 1e-7 * (Math.abs(v) + 1e-3));
		p = next;
	}
	const { mu, jacobian } = model(u, p);
	const weight = mu.map((m) => 1 / Math.max(m, 1));
	const covariance = inverse(normal(jacobian, weight));
	const [area, mean, sigma, b0, b1] = p as [number, number, number, number, number];
	const error = (k: number) => Math.sqrt(covariance?.[k]?.[k] ?? Number.NaN);
	if (
		!covariance ||
		!converged ||
		![area, mean, sigma, error(0), error(1), error(2)].every(Number.isFinite)
	)
		return {
			ok: false,
			why: "The fit did not settle. Brush the peak alone, with some background.",
		};
	if (!(area > 3 * error(0)))
		return { ok: false, why: "There is no peak above the background there." };
	if (Math.abs(mean) > 1 || sigma > 2)
		return {
			ok: false,
			why: "The peak lies beyond the range. Brush it whole, with some background.",
		};
	let chi2 = 0;
	for (let i = 0; i < n; i++)
		chi2 += ((y[i] as number) - (mu[i] as number)) ** 2 * (weight[i] as number);
	return {
		ok: true,
		mean: centre + half * mean,
		meanError: half * error(1),
		sigma: half * sigma,
		sigmaError: half * error(2),
		area,
		areaError: error(0),
		background: b0 / half,
		slope: b1 / half ** 2,
		centre,
		chi2,
		ndf: n - 5,
		from: low,
		to: high,
	};
}

/** Expected counts per unit of x, of the whole and of the background alone. */
export function fitted(fit: PeakFit, x: number): { whole: number; background: number } {
	const background = fit.background + fit.slope * (x - fit.centre);
	const z = (x - fit.mean) / fit.sigma;
	return {
		whole: background + (fit.area * Math.exp((-z * z) / 2)) / (fit.sigma * SQRT2PI),
		background,
	};
}

/** Background from the outer bins, peak where most stands above it, width from its second moment. */
function start(u: Float64Array, y: Float64Array): number[] {
	const n = y.length;
	const side = Math.max(2, Math.floor(n / 5));
	const density = (from: number, to: number) => {
		let sum = 0;
		for (let i = from; i < to; i++) sum += y[i] as number;
		return sum / ((u[to] as number) - (u[from] as number));
	};
	const [left, right] = [density(0, side), density(n - side, n)];
	const b0 = (left + right) / 2;
	const b1 = (right - left) / 2;
	const middle = (i: number) => ((u[i] as number) + (u[i + 1] as number)) / 2;
	const above = Float64Array.from(
		y,
		(c, i) => c - (b0 + b1 * middle(i)) * ((u[i + 1] as number) - (u[i] as number)),
	);
	// the highest of three neighbours together, so that one high bin does not lead astray
	let top = 0;
	let most = Number.NEGATIVE_INFINITY;
	for (let i = 1; i < n - 1; i++) {
		const sum = (above[i - 1] as number) + (above[i] as number) + (above[i + 1] as number);
		if (sum > most) [most, top] = [sum, i];
	}
	const peak = Math.max(1, most / 3);
	let wide = 0;
	for (let i = top; i < n && (above[i] as number) > peak / 2; i++)
		wide += (u[i + 1] as number) - (u[i] as number);
	for (let i = top - 1; i >= 0 && (above[i] as number) > peak / 2; i--)
		wide += (u[i + 1] as number) - (u[i] as number);
	const sigma = Math.min(0.5, Math.max(1.2 / n, wide / FWHM));
	const step = (u[top + 1] as number) - (u[top] as number);
	return [(peak * sigma * SQRT2PI) / step, middle(top), sigma, b0, b1];
}

/** Expected counts per bin and their derivatives by area, mean, sigma, background, slope. */
function model(u: Float64Array, p: readonly number[]): { mu: number[]; jacobian: number[][] } {
	const [area, mean, sigma, b0, b1] = p as [number, number, number, number, number];
	const mu: number[] = [];
	const jacobian: number[][] = [];
	for (let i = 0; i + 1 < u.length; i++) {
		const [a, b] = [u[i] as number, u[i + 1] as number];
		const [za, zb] = [(a - mean) / sigma, (b - mean) / sigma];
		const [fa, fb] = [Math.exp((-za * za) / 2) / SQRT2PI, Math.exp((-zb * zb) / 2) / SQRT2PI];
		const share = cumulative(zb) - cumulative(za);
		const square = (b * b - a * a) / 2;
		mu.push(area * share + b0 * (b - a) + b1 * square);
		jacobian.push([
			share,
			(area * (fa - fb)) / sigma,
			(area * (za * fa - zb * fb)) / sigma,
			b - a,
			square,
		]);
	}
	return { mu, jacobian };
}

/** Levenberg and Marquardt's least squares with fixed weights. */
function minimise(
	u: Float64Array,
	y: Float64Array,
	weight: readonly number[],
	from: readonly number[],
): number[] {
	const cost = (mu: readonly number[]) =>
		mu.reduce((sum, m, i) => sum + ((y[i] as number) - m) ** 2 * (weight[i] as number), 0);
	let p = [...from];
	let now = model(u, p);
	let best = cost(now.mu);
	let damping = 1e-3;
	for (let round = 0; round < 100 && damping < 1e9; round++) {
		const matrix = normal(now.jacobian, weight);
		const right = from.map((_, k) =>
			now.jacobian.reduce(
				(sum, row, i) =>
					sum +
					(row[k] as number) * ((y[i] as number) - (now.mu[i] as number)) * (weight[i] as number),
				0,
			),
		);
		for (let k = 0; k < right.length; k++)
			(matrix[k] as number[])[k] = (matrix[k]?.[k] ?? 0) * (1 + damping) + 1e-12;
		const inverted = inverse(matrix);
		const step = inverted?.map((row) =>
			row.reduce((sum, v, k) => sum + v * (right[k] as number), 0),
		);
		const tried = p.map((v, k) => v + (step?.[k] ?? 0));
		const then = (tried[2] as number) > 1e-3 && (tried[2] as number) < 10 ? model(u, tried) : null;
		const value = then ? cost(then.mu) : Number.POSITIVE_INFINITY;
		if (then && value <= best) {
			const gain = best - value;
			[p, now, best] = [tried, then, value];
			damping = Math.max(1e-12, damping / 5);
			if (gain <= 1e-12 * (1 + value)) break;
		} else damping *= 4;
	}
	return p;
}

/** JᵀWJ */
function normal(jacobian: readonly number[][], weight: readonly number[]): number[][] {
	const size = jacobian[0]?.length ?? 0;
	return Array.from({ length: size }, (_, a) =>
		Array.from({ length: size }, (_, b) =>
			jacobian.reduce(
				(sum, row, i) => sum + (row[a] as number) * (row[b] as number) * (weight[i] as number),
				0,
			),
		),
	);
}

/** By Gauss and Jordan with row pivots; null where there is none. */
function inverse(matrix: readonly (readonly number[])[]): number[][] | null {
	const size = matrix.length;
	const rows = matrix.map((row, i) => [
		...row,
		...Array.from({ length: size }, (_, j) => (i === j ? 1 : 0)),
	]);
	for (let k = 0; k < size; k++) {
		let pivot = k;
		for (let i = k + 1; i < size; i++)
			if (Math.abs(rows[i]?.[k] ?? 0) > Math.abs(rows[pivot]?.[k] ?? 0)) pivot = i;
		const top = rows[pivot] as number[];
		const lead = top[k] as number;
		if (!(Math.abs(lead) > 1e-300)) return null;
		[rows[pivot], rows[k]] = [rows[k] as number[], top];
		for (let j = 0; j < 2 * size; j++) top[j] = (top[j] as number) / lead;
		for (let i = 0; i < size; i++) {
			if (i === k) continue;
			const row = rows[i] as number[];
			const by = row[k] as number;
			if (by !== 0)
				for (let j = 0; j < 2 * size; j++) row[j] = (row[j] as number) - by * (top[j] as number);
		}
	}
	return rows.map((row) => row.slice(size));
}

/** Standard normal distribution function, to 1e-7 (Hastings; Abramowitz and Stegun 26.2.17). */
function cumulative(z: number): number {
	const t = 1 / (1 + 0.2316419 * Math.abs(z));
	const tail =
		(Math.exp((-z * z) / 2) / SQRT2PI) *
		t *
		(0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
	return z > 0 ? 1 - tail : tail;
}
