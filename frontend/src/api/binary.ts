/** Binary answers: little-endian arrays that become typed arrays without a copy where alignment allows. */
import { fetchBytes } from "./client";

export type TypedArray =
	| Float32Array
	| Float64Array
	| Int32Array
	| Int16Array
	| Int8Array
	| Uint32Array
	| Uint16Array
	| Uint8Array;

const ARRAYS = {
	float32: Float32Array,
	float64: Float64Array,
	int32: Int32Array,
	int16: Int16Array,
	int8: Int8Array,
	uint32: Uint32Array,
	uint16: Uint16Array,
	uint8: Uint8Array,
	bool: Uint8Array,
	category: Int32Array,
} as const;

export interface CutoutPixels {
	ordinal: number;
	dtype: string;
	height: number;
	width: number;
	/** 1, or 3 for colour; pixels are then interleaved RGB. */
	channels: number;
	/** Row-major, height x width x channels, in the cutout's own unit. */
	pixels: TypedArray;
	/** 1 where the pixel belongs to the footprint, height x width; null for imported crops. */
	mask: Uint8Array | null;
	flags: string[];
	/** Whether the first row is drawn at the bottom, as that of a FITS image. */
	rowsUp: boolean;
}

export interface Footprint {
	ordinal: number;
	x0: number;
	y0: number;
	height: number;
	width: number;
	mask: Uint8Array;
}

interface PackItem {
	ordinal: number;
	/** Of an array that is no cutout's. */
	name?: string;
	dtype?: string;
	/** Of pixels: height, width and, for colour, channels. */
	shape?: number[];
	offset?: number;
	nbytes?: number;
	mask_offset: number | null;
	mask_nbytes: number | null;
	flags?: string[];
	rows_up?: boolean;
	x0?: number;
	y0?: number;
	/** Of a footprint; pixels carry `shape`. */
	height?: number;
	width?: number;
}

/** View `nbytes` bytes of `buffer` as an array of `dtype`; copies only where the offset is unaligned. */
export function asArray(
	buffer: ArrayBuffer,
	dtype: string,
	offset = 0,
	nbytes = buffer.byteLength - offset,
): TypedArray {
	const kind = ARRAYS[dtype as keyof typeof ARRAYS];
	if (!kind) throw new TypeError(`No array type for ${dtype}`);
	const n = Math.floor(nbytes / kind.BYTES_PER_ELEMENT);
	if (offset % kind.BYTES_PER_ELEMENT === 0) return new kind(buffer, offset, n);
	return new kind(buffer.slice(offset, offset + n * kind.BYTES_PER_ELEMENT));
}

/** Split a pack: uint32 header length, JSON header, padding to 8, payload. */
export function parsePack(buffer: ArrayBuffer): { items: PackItem[]; payload: number } {
	const length = new DataView(buffer).getUint32(0, true);
	const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
	return { items: header.items, payload: Math.ceil((4 + length) / 8) * 8 };
}

export function parsePixels(buffer: ArrayBuffer): CutoutPixels[] {
	const { items, payload } = parsePack(buffer);
	return items.map((item) => {
		const [height = 0, width = 0, channels = 1] = item.shape ?? [];
		return {
			ordinal: item.ordinal,
			dtype: item.dtype ?? "float32",
			height,
			width,
			channels,
			pixels: asArray(buffer, item.dtype ?? "float32", payload + (item.offset ?? 0), item.nbytes),
			mask:
				item.mask_offset === null
					? null
					: new Uint8Array(buffer, payload + item.mask_offset, item.mask_nbytes ?? 0),
			flags: item.flags ?? [],
			rowsUp: item.rows_up ?? false,
		};
	});
}

/** All values of one column, row-major where its width is above 1. */
export async function fetchColumn(id: number, revision?: number): Promise<TypedArray> {
	const query = revision === undefined ? "" : `?revision=${revision}`;
	const response = await fetchBytes(`/columns/${id}/values${query}`);
	const dtype = (response.headers.get("X-Column") ?? "float32").split(";")[0] ?? "float32";
	return asArray(await response.arrayBuffer(), dtype.trim());
}

/** The rows start..stop of one column, row-major, for columns too large to fetch whole. */
export async function fetchColumnRows(
	id: number,
	start: number,
	stop: number,
	revision: number,
): Promise<TypedArray> {
	const query = `start=${start}&stop=${stop}&revision=${revision}`;
	const response = await fetchBytes(`/columns/${id}/values?${query}`);
	const dtype = (response.headers.get("X-Column") ?? "float32").split(";")[0] ?? "float32";
	return asArray(await response.arrayBuffer(), dtype.trim());
}

/** Pixels and masks of up to 256 cutouts. */
export async function fetchPixels(
	datasetId: number,
	ordinals: ArrayLike<number>,
	signal?: AbortSignal,
): Promise<CutoutPixels[]> {
	const list = Array.from(ordinals).join(",");
	const response = await fetchBytes(`/datasets/${datasetId}/pixels?ordinals=${list}`, { signal });
	return parsePixels(await response.arrayBuffer());
}

/** Outlines of every footprint of one exposure, or of its retired cutouts. */
export async function fetchFootprints(exposureId: number, retired = false): Promise<Footprint[]> {
	const query = retired ? "?retired=true" : "";
	const response = await fetchBytes(`/exposures/${exposureId}/footprints${query}`);
	const buffer = await response.arrayBuffer();
	const { items, payload } = parsePack(buffer);
	return items.map((item) => ({
		ordinal: item.ordinal,
		x0: item.x0 ?? 0,
		y0: item.y0 ?? 0,
		height: item.height ?? 0,
		width: item.width ?? 0,
		// A cutout without a mask is outlined as its box.
		mask:
			item.mask_offset === null
				? new Uint8Array((item.height ?? 0) * (item.width ?? 0)).fill(1)
				: new Uint8Array(buffer, payload + item.mask_offset, item.mask_nbytes ?? 0),
	}));
}

/** One tile of an exposure at one level (2^level pixels in one). */
export async function fetchTile(
	exposureId: number,
	level: number,
	ty: number,
	tx: number,
	signal?: AbortSignal,
): Promise<{ height: number; width: number; pixels: TypedArray }> {
	const response = await fetchBytes(`/exposures/${exposureId}/tiles/${level}/${ty}/${tx}`, {
		signal,
	});
	const [dtype = "float32", height = "0", width = "0"] = (
		response.headers.get("X-Tile") ?? ""
	).split(";");
	return {
		height: Number(height),
		width: Number(width),
		pixels: asArray(await response.arrayBuffer(), dtype.trim()),
	};
}

/** Current labels of the annotator who asks: class per cutout (0 none) and flags (1 dubious, 2 note). */
export async function fetchLabels(
	datasetId: number,
): Promise<{ classIds: Int32Array; flags: Uint8Array; lastActionId: number }> {
	const response = await fetchBytes(`/datasets/${datasetId}/labels`, { cache: "no-cache" });
	const [n = "0", last = "0"] = (response.headers.get("X-Labels") ?? "").split(";");
	const buffer = await response.arrayBuffer();
	const count = Number(n);
	return {
		classIds: new Int32Array(buffer.slice(0, count * 4)),
		flags: new Uint8Array(buffer.slice(count * 4, count * 5)),
		lastActionId: Number(last),
	};
}
