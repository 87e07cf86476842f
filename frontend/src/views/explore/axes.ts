/** Two columns as the axes of the map: each scaled to its own range, logarithmic over decades. */
import { quantiles, wantsLog } from "../../lib/quantiles";

export interface Axis {
	readonly log: boolean;
	/** value at 0 and at 1 of the map's coordinate, after the logarithm where there is one */
	readonly from: number;
	readonly to: number;
}

export function axisOf(values: ArrayLike<number>): Axis {
	const log = wantsLog(values);
	const [least = 0, most = 1] = quantiles(values, [0.001, 0.999]);
	const from = log ? Math.log10(least) : least;
	const to = log ? Math.log10(most) : most;
	return { log, from, to: to > from ? to : from + 1 };
}

/** Map coordinate of a value; undefined values are NaN, off the map. */
export function toAxis({ log, from, to }: Axis, value: number): number {
	const at = ((log ? Math.log10(value) : value) - from) / (to - from);
	// log of 0 or less has no place on a logarithmic axis
	return Number.isFinite(at) ? at : Number.NaN;
}

export function fromAxis({ log, from, to }: Axis, at: number): number {
	const value = from + at * (to - from);
	return log ? 10 ** value : value;
}

/** [n, 2] map coordinates of two columns. */
export function axisPositions(
	x: ArrayLike<number>,
	y: ArrayLike<number>,
	axes: { x: Axis; y: Axis },
	n: number,
): Float32Array {
	const points = new Float32Array(2 * n).fill(Number.NaN);
	for (let i = 0; i < n && i < x.length && i < y.length; i++) {
		points[2 * i] = toAxis(axes.x, x[i] as number);
		points[2 * i + 1] = toAxis(axes.y, y[i] as number);
	}
	return points;
}

/** A polygon in map coordinates as one in the columns' own units, to be stored with labels. */
export function inUnits(polygon: readonly number[], axes: { x: Axis; y: Axis }): number[] {
	return polygon.map((at, i) => fromAxis(i % 2 ? axes.y : axes.x, at));
}

export interface Tick {
	/** map coordinate */
	readonly at: number;
	readonly value: number;
}

/** Round values between two map coordinates: 1-2-5 steps, decades on a long logarithmic axis. */
export function ticksBetween(axis: Axis, low: number, high: number, about = 5): Tick[] {
	const a = fromAxis(axis, low);
	const b = fromAxis(axis, high);
	const ticks: Tick[] = [];
	const push = (value: number) => {
		const at = toAxis(axis, value);
		if (at >= low && at <= high) ticks.push({ at, value });
	};
	if (axis.log && b / a > 30) {
		for (let e = Math.floor(Math.log10(a)); e <= Math.log10(b); e++) push(10 ** e);
		return ticks;
	}
	const raw = (b - a) / about;
	const power = 10 ** Math.floor(Math.log10(raw));
	const step = ([1, 2, 5].find((s) => s * power >= raw) ?? 10) * power;
	if (!(step > 0)) return ticks;
	for (let k = Math.ceil(a / step); k * step <= b; k++) push(Number((k * step).toPrecision(12)));
	return ticks;
}
