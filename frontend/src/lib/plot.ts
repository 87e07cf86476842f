/** Scales, ticks and paths of small line plots. */

export interface Point {
	x: number;
	y: number;
}

/** One line of a plot. Gaps (NaN) break the line instead of being drawn through. */
export interface Series {
	name: string;
	points: Point[];
	/** Class of the line's colour: `line-1` … `line-4`. */
	tone: 1 | 2 | 3 | 4;
	dashed?: boolean;
	faint?: boolean;
}

/** Smallest and largest finite value, or null when there is none. */
export function extent(values: Iterable<number>): [number, number] | null {
	let low = Number.POSITIVE_INFINITY;
	let high = Number.NEGATIVE_INFINITY;
	for (const value of values) {
		if (!Number.isFinite(value)) continue;
		if (value < low) low = value;
		if (value > high) high = value;
	}
	return low <= high ? [low, high] : null;
}

/**
 * Round numbers that cover [low, high]: steps of 1, 2 or 5 times a power of ten.
 *
 * @returns at least two ticks; the first is ≤ low and the last ≥ high
 */
export function ticks(low: number, high: number, about = 4): number[] {
	if (low === high) {
		const half = Math.abs(low) > 0 ? Math.abs(low) / 2 : 0.5;
		return ticks(low - half, high + half, about);
	}
	const raw = (high - low) / Math.max(1, about);
	const power = 10 ** Math.floor(Math.log10(raw));
	const step = ([1, 2, 5].find((s) => s * power >= raw * 0.999) ?? 10) * power;
	const first = Math.floor(low / step + 1e-9);
	const last = Math.ceil(high / step - 1e-9);
	const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
	return Array.from({ length: last - first + 1 }, (_, i) =>
		Number(((first + i) * step).toFixed(Math.min(digits, 20))),
	);
}

/** Ticks as text, all with as many decimals as the finest needs. */
export function tickLabels(values: readonly number[]): string[] {
	const largest = Math.max(...values.map(Math.abs));
	if (largest >= 1e5) return values.map((v) => v.toExponential(1).replace("e+", "e"));
	const decimals = Math.max(0, ...values.map((v) => (`${v}`.split(".")[1] ?? "").length));
	return values.map((v) => v.toFixed(decimals).replace("-", "−"));
}

/** Map [from0, from1] linearly onto [to0, to1]. */
export function linear(from: readonly [number, number], to: readonly [number, number]) {
	const factor = (to[1] - to[0]) / (from[1] - from[0] || 1);
	return (value: number) => to[0] + (value - from[0]) * factor;
}

/** SVG path through points, broken at gaps; a lone point becomes a dot of no length. */
export function linePath(
	points: readonly Point[],
	x: (value: number) => number,
	y: (value: number) => number,
): string {
	let path = "";
	let pen = false;
	for (const point of points) {
		if (!Number.isFinite(point.x) || !Number.isFinite(point.y)) {
			pen = false;
			continue;
		}
		const place = `${round(x(point.x))} ${round(y(point.y))}`;
		path += pen ? `L${place}` : `M${place}l0 0`;
		pen = true;
	}
	return path;
}

function round(value: number): number {
	return Math.round(value * 100) / 100;
}
