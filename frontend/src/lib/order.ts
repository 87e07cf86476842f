/** Orders of cutouts and the rows of a gallery that shows them. Pure; thousands to a million. */

const DIGIT = 11;
const BUCKETS = 1 << DIGIT;
const TOP = 0x80000000;

/**
 * Copy of `ordinals` ordered by `values`; undefined values last, ties in cutout order.
 *
 * A radix sort over the bits of the doubles: 1,000,000 in about 0.1 s, where sorting by a
 * comparison function takes over a second.
 */
export function sortOrdinals(
	ordinals: Int32Array,
	values: ArrayLike<number>,
	descending: boolean,
): Int32Array {
	const n = ordinals.length;
	const keys = new Float64Array(n);
	for (let i = 0; i < n; i++) {
		const value = values[ordinals[i]!];
		const undefinedLast = value === undefined || Number.isNaN(value);
		keys[i] = undefinedLast ? Infinity : (descending ? -value! : value!) + 0; // + 0: no minus zero
	}
	// bits of a double as an unsigned number that rises with it: flip the sign bit of positive
	// ones and all bits of negative ones
	const words = new Uint32Array(keys.buffer);
	const little = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
	const low = new Uint32Array(n);
	const high = new Uint32Array(n);
	for (let i = 0; i < n; i++) {
		const h = words[2 * i + (little ? 1 : 0)]!;
		const l = words[2 * i + (little ? 0 : 1)]!;
		const negative = h >= TOP;
		high[i] = negative ? ~h : h ^ TOP;
		low[i] = negative ? ~l : l;
	}
	let places = new Uint32Array(n);
	for (let i = 0; i < n; i++) places[i] = i;
	let next = new Uint32Array(n);
	const start = new Uint32Array(BUCKETS + 1);
	for (const word of [low, high]) {
		for (let shift = 0; shift < 32; shift += DIGIT) {
			start.fill(0);
			for (let i = 0; i < n; i++) start[((word[i]! >>> shift) & (BUCKETS - 1)) + 1]!++;
			if (start.includes(n)) continue; // one digit in all: nothing to move
			for (let b = 0; b < BUCKETS; b++) start[b + 1]! += start[b]!;
			for (let i = 0; i < n; i++) {
				const place = places[i]!;
				next[start[(word[place]! >>> shift) & (BUCKETS - 1)]!++] = place;
			}
			[places, next] = [next, places];
		}
	}
	for (let i = 0; i < n; i++) next[i] = ordinals[places[i]!]!;
	return new Int32Array(next.buffer);
}

export interface Rows {
	/** index of the first item of every row, and n at the end */
	readonly first: Uint32Array;
	/** top of every row in px, and the total height at the end */
	readonly top: Float64Array;
}

/** Rows of equal cells, `height` high and `cell` wide. */
export function equalRows(
	n: number,
	height: number,
	width: number,
	gap: number,
	cell = height,
): Rows {
	const columns = Math.max(1, Math.floor((width + gap) / (cell + gap)));
	const count = Math.ceil(n / columns);
	const first = new Uint32Array(count + 1);
	const top = new Float64Array(count + 1);
	for (let r = 0; r <= count; r++) {
		first[r] = Math.min(n, r * columns);
		top[r] = r * (height + gap);
	}
	return { first, top };
}

/** Rows of cells of their own size, as words in a paragraph; a row is as high as its highest. */
export function flowRows(
	n: number,
	widthOf: (item: number) => number,
	heightOf: (item: number) => number,
	width: number,
	gap: number,
): Rows {
	const first: number[] = [];
	const top: number[] = [];
	let x = 0;
	let y = 0;
	let high = 0;
	for (let i = 0; i < n; i++) {
		const w = widthOf(i);
		const h = heightOf(i);
		if (!first.length || x + w > width) {
			y += first.length ? high + gap : 0;
			first.push(i);
			top.push(y);
			x = 0;
			high = 0;
		}
		x += w + gap;
		if (h > high) high = h;
	}
	first.push(n);
	top.push(first.length > 1 ? y + high + gap : 0);
	return { first: Uint32Array.from(first), top: Float64Array.from(top) };
}

/** The row that holds pixel y (binary search). */
export function rowAt({ top }: Rows, y: number): number {
	let low = 0;
	let high = Math.max(0, top.length - 2);
	while (low < high) {
		const middle = (low + high + 1) >> 1;
		if (top[middle]! <= y) low = middle;
		else high = middle - 1;
	}
	return low;
}

/** The row that holds item i (binary search). */
export function rowOf({ first }: Rows, i: number): number {
	let low = 0;
	let high = Math.max(0, first.length - 2);
	while (low < high) {
		const middle = (low + high + 1) >> 1;
		if (first[middle]! <= i) low = middle;
		else high = middle - 1;
	}
	return low;
}

/** Indices of the 1s of a mask, ascending. */
export function ordinalsOf(mask: Uint8Array): Int32Array {
	let n = 0;
	for (let i = 0; i < mask.length; i++) n += mask[i]!;
	const ordinals = new Int32Array(n);
	for (let i = 0, k = 0; k < n; i++) if (mask[i]) ordinals[k++] = i;
	return ordinals;
}

export function allOrdinals(n: number): Int32Array {
	const ordinals = new Int32Array(n);
	for (let i = 0; i < n; i++) ordinals[i] = i;
	return ordinals;
}
