/** Orders of cutouts and the rows of a gallery that shows them. Pure; thousands to a million. */

/** Copy of `ordinals` ordered by `values`; undefined values last, ties in cutout order. */
export function sortOrdinals(
	ordinals: Int32Array,
	values: ArrayLike<number>,
	descending: boolean,
): Int32Array {
	const n = ordinals.length;
	const keys = new Float64Array(n);
	for (let i = 0; i < n; i++) {
		const value = values[ordinals[i]!];
		keys[i] =
			value === undefined || Number.isNaN(value)
				? Infinity
				: descending
					? -value
					: (value as number);
	}
	const places = new Uint32Array(n).map((_, i) => i);
	places.sort((a, b) => {
		const x = keys[a]!;
		const y = keys[b]!;
		return x < y ? -1 : x > y ? 1 : a - b;
	});
	return Int32Array.from(places, (place) => ordinals[place]!);
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
	size: (item: number) => readonly [width: number, height: number],
	width: number,
	gap: number,
): Rows {
	const first: number[] = [];
	const top: number[] = [];
	let x = 0;
	let y = 0;
	let high = 0;
	for (let i = 0; i < n; i++) {
		const [w, h] = size(i);
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
