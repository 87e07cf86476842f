/** Tiles of one exposure, fetched as they come into sight. */
import { fetchTile, type TypedArray } from "../api/binary";
import { isOffline, sentence } from "../api/client";
import type { TileAddress } from "../lib/pyramid";

export interface Tile extends TileAddress {
	height: number;
	width: number;
	pixels: TypedArray;
}

/** Where a canvas gets its tiles: from the server, or from what is here already. */
export interface TileSource {
	/** Rises with every tile that arrives. */
	readonly revision: number;
	readonly problem: string | null;
	/** The tile if it is here. */
	get(address: TileAddress): Tile | undefined;
	/** Name the tiles needed now, the most urgent first. */
	want(addresses: TileAddress[]): void;
	/** One tile, awaited; null where it cannot be had. */
	load(address: TileAddress): Promise<Tile | null>;
	stop(): void;
}

/** 384 tiles of 256 KB are 100 MB: a 4k frame at native scale, and its levels. */
const KEEP = 384;
const AT_ONCE = 6;

export class TileStore implements TileSource {
	/** Rises with every tile that arrives. */
	revision = $state(0);
	problem = $state<string | null>(null);
	readonly #exposureId: number;
	readonly #tiles = new Map<string, Tile>();
	readonly #running = new Set<string>();
	readonly #abort = new AbortController();
	#wanted: TileAddress[] = [];

	constructor(exposureId: number) {
		this.#exposureId = exposureId;
	}

	/** The tile if it is here; moves it to the young end of what is kept. */
	get(address: TileAddress): Tile | undefined {
		const key = keyOf(address);
		const tile = this.#tiles.get(key);
		if (tile) {
			this.#tiles.delete(key);
			this.#tiles.set(key, tile);
		}
		return tile;
	}

	/** Name the tiles needed now, the most urgent first; earlier wishes not yet begun are dropped. */
	want(addresses: TileAddress[]): void {
		this.#wanted = addresses.filter((a) => !this.#tiles.has(keyOf(a)));
		this.#next();
	}

	/** One tile, awaited. */
	async load(address: TileAddress): Promise<Tile | null> {
		return this.get(address) ?? (await this.#fetch(address));
	}

	stop(): void {
		this.#abort.abort();
	}

	#next(): void {
		while (this.#running.size < AT_ONCE) {
			const address = this.#wanted.shift();
			if (!address) return;
			if (!this.#running.has(keyOf(address))) void this.#fetch(address).then(() => this.#next());
		}
	}

	async #fetch(address: TileAddress): Promise<Tile | null> {
		const key = keyOf(address);
		this.#running.add(key);
		try {
			const { level, ty, tx } = address;
			const answer = await fetchTile(this.#exposureId, level, ty, tx, this.#abort.signal);
			const tile = { ...address, ...answer };
			this.#tiles.set(key, tile);
			const oldest = this.#tiles.keys().next().value;
			if (this.#tiles.size > KEEP && oldest !== undefined) this.#tiles.delete(oldest);
			this.problem = null;
			this.revision++;
			return tile;
		} catch (error) {
			if (this.#abort.signal.aborted) return null;
			this.problem = sentence(error);
			// A refused tile stays refused; an unreachable server is asked again by the next wish.
			if (!isOffline(error)) this.#wanted = [];
			return null;
		} finally {
			this.#running.delete(key);
		}
	}
}

export function keyOf({ level, ty, tx }: TileAddress): string {
	return `${level}/${ty}/${tx}`;
}
