/**
 * Outlines of pixel masks, traced along pixel edges.
 *
 * A footprint drawn as a smooth contour lies about which pixels belong to it; drawn along the
 * edges of its pixels it can be checked against the grid. Diagonal neighbours are one footprint
 * (8-connected), so their outline is one loop.
 */

/** One closed loop, x0, y0, x1, y1 …; corners only, in pixel-edge coordinates of the mask. */
export type Loop = Int32Array;

const STEP_X = [1, 0, -1, 0];
const STEP_Y = [0, 1, 0, -1];

/**
 * Trace every boundary of a mask, holes included.
 *
 * @param mask row-major [height * width], non-zero inside
 * @returns closed loops; outer ones run clockwise on screen, holes counter-clockwise
 */
export function traceOutline(mask: ArrayLike<number>, height: number, width: number): Loop[] {
	const stride = width + 1;
	// One bit per outgoing direction (east, south, west, north) at every pixel corner. The inside
	// lies to the right of each edge.
	const outgoing = new Uint8Array(stride * (height + 1));
	const inside = (x: number, y: number) =>
		x >= 0 && y >= 0 && x < width && y < height && (mask[y * width + x] ?? 0) !== 0;
	for (let y = 0; y < height; y++) {
		for (let x = 0; x < width; x++) {
			if (!inside(x, y)) continue;
			if (!inside(x, y - 1)) mark(outgoing, y * stride + x, 0);
			if (!inside(x + 1, y)) mark(outgoing, y * stride + x + 1, 1);
			if (!inside(x, y + 1)) mark(outgoing, (y + 1) * stride + x + 1, 2);
			if (!inside(x - 1, y)) mark(outgoing, (y + 1) * stride + x, 3);
		}
	}
	const loops: Loop[] = [];
	for (let corner = 0; corner < outgoing.length; corner++) {
		while (outgoing[corner]) loops.push(follow(outgoing, corner, stride));
	}
	return loops;
}

function mark(outgoing: Uint8Array, corner: number, direction: number): void {
	outgoing[corner] = (outgoing[corner] ?? 0) | (1 << direction);
}

function follow(outgoing: Uint8Array, start: number, stride: number): Loop {
	const points: number[] = [];
	let corner = start;
	let direction = firstDirection(outgoing[start] ?? 0);
	let previous = -1;
	do {
		outgoing[corner] = (outgoing[corner] ?? 0) & ~(1 << direction);
		if (direction !== previous) points.push(corner % stride, Math.floor(corner / stride));
		previous = direction;
		corner += (STEP_X[direction] ?? 0) + (STEP_Y[direction] ?? 0) * stride;
		// A left turn first joins pixels that touch at a corner only.
		const open = outgoing[corner] ?? 0;
		const left = (direction + 3) % 4;
		const right = (direction + 1) % 4;
		if (open & (1 << left)) direction = left;
		else if (open & (1 << direction)) continue;
		else if (open & (1 << right)) direction = right;
	} while (corner !== start || (outgoing[start] ?? 0) & (1 << direction));
	return Int32Array.from(points);
}

function firstDirection(bits: number): number {
	for (let direction = 0; direction < 4; direction++) if (bits & (1 << direction)) return direction;
	throw new RangeError("no edge leaves this corner");
}

/**
 * A mask grown by a square of `by` pixels in every direction.
 *
 * @returns row-major [(height + 2 by) * (width + 2 by)]
 */
export function dilate(
	mask: ArrayLike<number>,
	height: number,
	width: number,
	by: number,
): Uint8Array {
	const wide = width + 2 * by;
	const grown = new Uint8Array((height + 2 * by) * wide);
	for (let y = 0; y < height; y++) {
		for (let x = 0; x < width; x++) {
			if (!mask[y * width + x]) continue;
			for (let dy = 0; dy <= 2 * by; dy++) {
				const start = (y + dy) * wide + x;
				grown.fill(1, start, start + 2 * by + 1);
			}
		}
	}
	return grown;
}
