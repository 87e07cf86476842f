/** Draws an exposure's tiles, its pixel grid and its footprints on a canvas. */

import type { Footprint } from "../api/binary";
import { figure } from "../lib/format";
import { dilate, traceOutline } from "../lib/outline";
import { type Appearance, paint } from "../lib/paint";
import {
	levelFor,
	type Size,
	TILE,
	type TileAddress,
	type Viewport,
	visibleTiles,
} from "../lib/pyramid";
import type { Limits } from "../lib/stretch";
import { keyOf, type Tile, type TileSource } from "../state/tiles.svelte";

/** From this scale on the borders between pixels are drawn, from the next the values in them. */
const GRID_FROM = 12;
const VALUES_FROM = 48;
const KEEP_PAINTED = 256;

export class ExposurePainter {
	readonly #store: TileSource;
	readonly #size: Size;
	readonly #levels: number;
	readonly #painted = new Map<string, HTMLCanvasElement>();
	#paintedAs = "";

	constructor(store: TileSource, size: Size, levels: number) {
		this.#store = store;
		this.#size = size;
		this.#levels = levels;
	}

	/** Draw what is here and name the tiles that are not. */
	tiles(
		context: CanvasRenderingContext2D,
		canvas: Size,
		view: Viewport,
		appearance: Appearance,
		limits: Limits,
	): void {
		const as = JSON.stringify([appearance, limits]);
		if (as !== this.#paintedAs) {
			this.#painted.clear();
			this.#paintedAs = as;
		}
		const level = levelFor(view.scale, this.#levels);
		const addresses = visibleTiles(view, canvas, this.#size, level);
		context.imageSmoothingEnabled = false;
		for (const address of addresses) {
			const tile = this.#store.get(address);
			if (tile) this.#drawTile(context, view, tile, appearance, limits);
			else this.#drawParent(context, view, address, appearance, limits);
		}
		this.#store.want(addresses);
	}

	#drawTile(
		context: CanvasRenderingContext2D,
		view: Viewport,
		tile: Tile,
		appearance: Appearance,
		limits: Limits,
	): void {
		const block = 2 ** tile.level * view.scale;
		context.drawImage(
			this.#image(tile, appearance, limits),
			view.offsetX + tile.tx * TILE * block,
			view.offsetY + tile.ty * TILE * block,
			tile.width * block,
			tile.height * block,
		);
	}

	/** Until a tile is here, its quarter of the next coarser one that is. */
	#drawParent(
		context: CanvasRenderingContext2D,
		view: Viewport,
		address: TileAddress,
		appearance: Appearance,
		limits: Limits,
	): void {
		for (let level = address.level + 1; level < this.#levels; level++) {
			const factor = 2 ** (level - address.level);
			const parent = this.#store.get({
				level,
				ty: Math.floor(address.ty / factor),
				tx: Math.floor(address.tx / factor),
			});
			if (!parent) continue;
			const part = TILE / factor;
			const sx = (address.tx % factor) * part;
			const sy = (address.ty % factor) * part;
			const width = Math.min(part, parent.width - sx);
			const height = Math.min(part, parent.height - sy);
			if (width <= 0 || height <= 0) return;
			const block = 2 ** level * view.scale;
			context.drawImage(
				this.#image(parent, appearance, limits),
				sx,
				sy,
				width,
				height,
				view.offsetX + (parent.tx * TILE + sx) * block,
				view.offsetY + (parent.ty * TILE + sy) * block,
				width * block,
				height * block,
			);
			return;
		}
	}

	#image(tile: Tile, appearance: Appearance, limits: Limits): HTMLCanvasElement {
		const key = keyOf(tile);
		const known = this.#painted.get(key);
		if (known) return known;
		const image = document.createElement("canvas");
		image.width = tile.width;
		image.height = tile.height;
		const rgba = paint(tile.pixels, 1, appearance, limits);
		image.getContext("2d")?.putImageData(new ImageData(rgba, tile.width, tile.height), 0, 0);
		this.#painted.set(key, image);
		const oldest = this.#painted.keys().next().value;
		if (this.#painted.size > KEEP_PAINTED && oldest !== undefined) this.#painted.delete(oldest);
		return image;
	}

	/** Native value at an image pixel, undefined while its tile is not here. */
	value(x: number, y: number): number | undefined {
		const tile = this.#store.get({ level: 0, ty: Math.floor(y / TILE), tx: Math.floor(x / TILE) });
		return tile?.pixels[(y % TILE) * tile.width + (x % TILE)];
	}

	/** Borders between pixels, and the values in them where there is room. */
	grid(
		context: CanvasRenderingContext2D,
		canvas: Size,
		view: Viewport,
		limits: Limits,
		/** −1 where rows are drawn upwards: the values must not stand on their heads. */
		down: number,
	): void {
		const { scale, offsetX, offsetY } = view;
		if (scale < GRID_FROM) return;
		const x0 = Math.max(0, Math.floor(-offsetX / scale));
		const y0 = Math.max(0, Math.floor(-offsetY / scale));
		const x1 = Math.min(this.#size.width, Math.ceil((canvas.width - offsetX) / scale));
		const y1 = Math.min(this.#size.height, Math.ceil((canvas.height - offsetY) / scale));
		context.beginPath();
		for (let x = x0; x <= x1; x++) {
			context.moveTo(offsetX + x * scale + 0.5, offsetY + y0 * scale);
			context.lineTo(offsetX + x * scale + 0.5, offsetY + y1 * scale);
		}
		for (let y = y0; y <= y1; y++) {
			context.moveTo(offsetX + x0 * scale, offsetY + y * scale + 0.5);
			context.lineTo(offsetX + x1 * scale, offsetY + y * scale + 0.5);
		}
		context.lineWidth = 1;
		context.strokeStyle = "rgb(128 128 128 / 0.22)";
		context.stroke();
		if (scale < VALUES_FROM) return;
		context.textAlign = "center";
		context.textBaseline = "middle";
		context.font = `${Math.round(scale / 4.5)}px system-ui, sans-serif`;
		const middle = (limits.low + limits.high) / 3;
		for (let y = y0; y < y1; y++) {
			for (let x = x0; x < x1; x++) {
				const value = this.value(x, y);
				if (value === undefined) continue;
				context.fillStyle = value > middle ? "rgb(0 0 0 / 0.75)" : "rgb(255 255 255 / 0.6)";
				const text = Number.isFinite(value) ? figure(value, 3) : "NaN";
				context.save();
				context.translate(offsetX + (x + 0.5) * scale, offsetY + (y + 0.5) * scale);
				context.scale(1, down);
				context.fillText(text, 0, 0);
				context.restore();
			}
		}
	}
}

/**
 * By how many image pixels outlines keep away from their footprint. Seen small, a line along the
 * pixels' edges would cover a track two pixels wide; seen large, it lies exactly on them.
 */
export function growth(scale: number): number {
	return scale >= 4 ? 0 : scale >= 2 ? 1 : Math.round(2 / Math.min(1, scale));
}

/** Outlines of all footprints, one path per colour, in image pixels. */
export function outlines(
	footprints: readonly Footprint[],
	colourOf: (ordinal: number) => string,
	grow: number,
): Map<string, Path2D> {
	const paths = new Map<string, Path2D>();
	for (const footprint of footprints) {
		const colour = colourOf(footprint.ordinal);
		let path = paths.get(colour);
		if (!path) {
			path = new Path2D();
			paths.set(colour, path);
		}
		path.addPath(outline(footprint, grow));
	}
	return paths;
}

const traced = new WeakMap<Footprint, Map<number, Path2D>>();

/** Outline of one footprint, in image pixels, `grow` pixels outside it; traced once. */
export function outline(footprint: Footprint, grow: number): Path2D {
	let known = traced.get(footprint);
	if (!known) {
		known = new Map();
		traced.set(footprint, known);
	}
	const path = known.get(grow) ?? trace(footprint, grow);
	known.set(grow, path);
	return path;
}

function trace({ mask, height, width, x0, y0 }: Footprint, grow: number): Path2D {
	const grown = dilate(mask, height, width, grow);
	const path = new Path2D();
	for (const loop of traceOutline(grown, height + 2 * grow, width + 2 * grow)) {
		for (let i = 0; i < loop.length; i += 2) {
			const x = x0 - grow + (loop[i] ?? 0);
			const y = y0 - grow + (loop[i + 1] ?? 0);
			if (i === 0) path.moveTo(x, y);
			else path.lineTo(x, y);
		}
		path.closePath();
	}
	return path;
}
