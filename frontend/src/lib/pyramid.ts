/**
 * Where things are when a tiled exposure is panned and zoomed.
 *
 * Level 0 has the native pixels; a pixel of level k is the maximum of 2^k by 2^k of them, so a
 * one-pixel track is still there when a whole 4k frame is seen at once. Scales are powers of two
 * below 1 and whole numbers above: every drawn pixel is then a square of whole screen pixels.
 */

export const TILE = 256;

/** Place of the image on a canvas: canvas = image * scale + offset, in device pixels. */
export interface Viewport {
	scale: number;
	offsetX: number;
	offsetY: number;
}

export interface TileAddress {
	level: number;
	ty: number;
	tx: number;
}

export interface Size {
	height: number;
	width: number;
}

const ABOVE_ONE = [1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 40, 48, 64];

/** The scales one can zoom to, rising, down to the one where `levels` ends. */
export function scaleLadder(levels: number): number[] {
	const below = Array.from({ length: Math.max(0, levels - 1) }, (_, k) => 2 ** -(k + 1)).reverse();
	return [...below, ...ABOVE_ONE];
}

/** Height and width in pixels of a level. */
export function levelSize(size: Size, level: number): Size {
	const block = 2 ** level;
	return { height: Math.ceil(size.height / block), width: Math.ceil(size.width / block) };
}

/** How many levels there are when the last one has at most `tiles` tiles. */
export function levelCount(size: Size, tiles = 4): number {
	let level = 0;
	for (;;) {
		const { height, width } = levelSize(size, level);
		if (Math.ceil(height / TILE) * Math.ceil(width / TILE) <= tiles) return level + 1;
		level++;
	}
}

/** The level whose pixels are drawn at least one device pixel wide. */
export function levelFor(scale: number, levels: number): number {
	const level = Math.ceil(Math.log2(1 / scale) - 1e-9);
	return Math.min(Math.max(level, 0), Math.max(levels - 1, 0));
}

/** Tiles of a level that a canvas shows, nearest to its middle first. */
export function visibleTiles(
	view: Viewport,
	canvas: Size,
	size: Size,
	level: number,
): TileAddress[] {
	const { height, width } = levelSize(size, level);
	const span = TILE * 2 ** level * view.scale;
	const columns = Math.ceil(width / TILE);
	const rows = Math.ceil(height / TILE);
	const x0 = clamp(Math.floor(-view.offsetX / span), 0, columns);
	const y0 = clamp(Math.floor(-view.offsetY / span), 0, rows);
	const x1 = clamp(Math.ceil((canvas.width - view.offsetX) / span), 0, columns);
	const y1 = clamp(Math.ceil((canvas.height - view.offsetY) / span), 0, rows);
	const tiles: TileAddress[] = [];
	for (let ty = y0; ty < y1; ty++) for (let tx = x0; tx < x1; tx++) tiles.push({ level, ty, tx });
	const middleX = (canvas.width / 2 - view.offsetX) / span - 0.5;
	const middleY = (canvas.height / 2 - view.offsetY) / span - 0.5;
	const distance = (t: TileAddress) => (t.tx - middleX) ** 2 + (t.ty - middleY) ** 2;
	return tiles.sort((a, b) => distance(a) - distance(b));
}

/** Change the scale and keep the image point under (x, y) where it is. */
export function zoomAround(view: Viewport, x: number, y: number, scale: number): Viewport {
	const ratio = scale / view.scale;
	return {
		scale,
		offsetX: Math.round(x - (x - view.offsetX) * ratio),
		offsetY: Math.round(y - (y - view.offsetY) * ratio),
	};
}

/** The next scale of the ladder in a direction (+1 nearer, −1 farther). */
export function nextScale(ladder: readonly number[], scale: number, direction: 1 | -1): number {
	if (direction > 0) return ladder.find((s) => s > scale * 1.0001) ?? ladder.at(-1) ?? scale;
	return ladder.findLast((s) => s < scale * 0.9999) ?? ladder[0] ?? scale;
}

/** Centre an image at the scale of the ladder that comes nearest to filling the canvas. */
export function fill(canvas: Size, size: Size, ladder: readonly number[]): Viewport {
	const fit = Math.min(canvas.width / size.width, canvas.height / size.height);
	const away = (s: number) => Math.abs(Math.log2(s / fit));
	const scale = ladder.reduce((best, s) => (away(s) < away(best) ? s : best), ladder[0] ?? 1);
	return centred(canvas, size, scale, size.width / 2, size.height / 2);
}

/** Centre an image whole: the largest scale of the ladder at which all of it is seen. */
export function contain(canvas: Size, size: Size, ladder: readonly number[]): Viewport {
	const fit = Math.min(canvas.width / size.width, canvas.height / size.height);
	const scale = ladder.findLast((s) => s <= fit) ?? ladder[0] ?? 1;
	return centred(canvas, size, scale, size.width / 2, size.height / 2);
}

/** Put the image point (x, y) into the middle, as near to it as keeps the image in sight. */
export function centred(canvas: Size, size: Size, scale: number, x: number, y: number): Viewport {
	const view = {
		scale,
		offsetX: Math.round(canvas.width / 2 - x * scale),
		offsetY: Math.round(canvas.height / 2 - y * scale),
	};
	return keepInSight(view, canvas, size);
}

/** Move an image back when it would leave the canvas; a small one is centred on that axis. */
export function keepInSight(view: Viewport, canvas: Size, size: Size): Viewport {
	return {
		scale: view.scale,
		offsetX: keep(view.offsetX, canvas.width, size.width * view.scale),
		offsetY: keep(view.offsetY, canvas.height, size.height * view.scale),
	};
}

function keep(offset: number, room: number, length: number): number {
	if (length <= room) return Math.round((room - length) / 2);
	// Half the canvas may lie beyond the edge, so that edge tracks can be looked at in the middle.
	return Math.round(clamp(offset, room / 2 - length, room / 2));
}

/** Scale at which a footprint with some surroundings fills a good part of the canvas. */
export function scaleForFootprint(canvas: Size, box: Size, ladder: readonly number[]): number {
	const fit = Math.min(canvas.width / (box.width * 3 + 20), canvas.height / (box.height * 3 + 20));
	return Math.min(ladder.findLast((s) => s <= fit) ?? ladder[0] ?? 1, 16);
}

function clamp(value: number, low: number, high: number): number {
	return Math.min(Math.max(value, low), high);
}
