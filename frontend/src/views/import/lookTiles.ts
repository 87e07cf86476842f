/**
 * Tiles of an exposure that is not stored yet, made here from what a look at it brought: an overview
 * of block maxima, and every pixel above a floor. Seen from afar the overview is drawn; seen closer
 * than its blocks, the bright pixels on a flat ground, since of the others only "below the floor"
 * is known.
 */
import type { LookExposure, LookPixels } from "../../api/look";
import { levelSize, type Size, TILE, type TileAddress } from "../../lib/pyramid";
import { keyOf, type Tile, type TileSource } from "../../state/tiles.svelte";

export class LookTiles implements TileSource {
	readonly revision = 0;
	readonly problem = null;
	readonly #size: Size;
	readonly #scale: number;
	readonly #pixels: LookPixels;
	readonly #tiles = new Map<string, Tile>();

	constructor(exposure: Pick<LookExposure, "height" | "width" | "scale">, pixels: LookPixels) {
		this.#size = exposure;
		this.#scale = exposure.scale;
		this.#pixels = pixels;
	}

	get(address: TileAddress): Tile {
		const key = keyOf(address);
		const known = this.#tiles.get(key);
		if (known) return known;
		const tile = this.#make(address);
		this.#tiles.set(key, tile);
		return tile;
	}

	want(): void {}

	load(address: TileAddress): Promise<Tile> {
		return Promise.resolve(this.get(address));
	}

	stop(): void {}

	#make(address: TileAddress): Tile {
		const { height, width } = levelSize(this.#size, address.level);
		const size = {
			height: Math.max(0, Math.min(TILE, height - address.ty * TILE)),
			width: Math.max(0, Math.min(TILE, width - address.tx * TILE)),
		};
		const block = 2 ** address.level;
		const pixels =
			block >= this.#scale
				? this.#overview(address, size, block)
				: this.#bright(address, size, block);
		return { ...address, ...size, pixels };
	}

	/** Maxima over blocks of the overview. */
	#overview({ ty, tx }: TileAddress, { height, width }: Size, block: number): Float32Array {
		const { image } = this.#pixels;
		const wide = Math.ceil(this.#size.width / this.#scale);
		const high = Math.ceil(this.#size.height / this.#scale);
		const step = block / this.#scale;
		const out = new Float32Array(height * width).fill(Number.NaN);
		for (let y = 0; y < height; y++) {
			const top = Math.floor((ty * TILE + y) * step);
			const bottom = Math.min(high, Math.ceil((ty * TILE + y + 1) * step));
			for (let x = 0; x < width; x++) {
				const left = Math.floor((tx * TILE + x) * step);
				const right = Math.min(wide, Math.ceil((tx * TILE + x + 1) * step));
				let most = Number.NaN;
				for (let iy = top; iy < bottom; iy++) {
					for (let ix = left; ix < right; ix++) {
						const value = image[iy * wide + ix] as number;
						if (!(value <= most) && !Number.isNaN(value)) most = value;
					}
				}
				out[y * width + x] = most;
			}
		}
		return out;
	}

	/** The bright pixels of a tile, maxima where several fall into one. */
	#bright({ ty, tx }: TileAddress, { height, width }: Size, block: number): Float32Array {
		const { index, sigma } = this.#pixels;
		const out = new Float32Array(height * width);
		const [left, top] = [tx * TILE * block, ty * TILE * block];
		const last = (top + height * block) * this.#size.width;
		for (let i = firstFrom(index, top * this.#size.width); i < index.length; i++) {
			const place = index[i] as number;
			if (place >= last) break;
			const x = Math.floor(((place % this.#size.width) - left) / block);
			if (x < 0 || x >= width) continue;
			const y = Math.floor((Math.floor(place / this.#size.width) - top) / block);
			out[y * width + x] = Math.max(out[y * width + x] as number, sigma[i] as number);
		}
		return out;
	}
}

/** The first place of a rising list whose value is at least `least`. */
export function firstFrom(rising: Uint32Array, least: number): number {
	let low = 0;
	let high = rising.length;
	while (low < high) {
		const middle = (low + high) >> 1;
		if ((rising[middle] as number) < least) low = middle + 1;
		else high = middle;
	}
	return low;
}
