/** A look at files before their import, and the account of them after it. */
import { asArray, type CutoutPixels, parsePack, parsePixels } from "./binary";
import { fetchBytes, fetchJson, sendJson } from "./client";
import type { components } from "./schema.gen";
import type { Job } from "./types";

type Schemas = components["schemas"];
/** As the server sends it: it fills in every default, which its description calls optional. */
type Filled<T> = T extends (infer U)[]
	? Filled<U>[]
	: T extends object
		? { [K in keyof T]-?: Filled<T[K]> }
		: T;

/** What became of a file, a part, a row or a column; the worst first. */
export const STATES = ["refused", "needs_answer", "ignored", "joined", "in"] as const;
export type State = (typeof STATES)[number];

export type Table = Filled<Schemas["Table"]>;
export type AccountFile = Filled<Schemas["ImportFileOut"]>;
export type Account = Filled<Schemas["Account"]>;
type AccountPage = Filled<Schemas["ImportFilePage"]>;

export type Answer = Schemas["Answer"];
export type Question = Filled<Schemas["Question"]>;
/** One file, or the alike ones of a folder (`n` of them). */
export type LookFile = Filled<Schemas["LookFile"]>;
export type LookTable = Filled<Schemas["LookTable"]>;
export type LookExposure = Filled<Schemas["ExposurePreview"]>;
export type Look = Filled<Schemas["Look"]>;

/** Pixels of the first exposure: an overview of block maxima, and every pixel above the floor. */
export interface LookPixels {
	/** Row-major [ceil(height / scale), ceil(width / scale)], in sigma above the baseline. */
	image: Float32Array;
	/** y * width + x, rising. */
	index: Uint32Array;
	sigma: Float32Array;
	/** In the exposure's unit, above the baseline. */
	value: Float32Array;
	/** Pixels that are hot in most exposures of the detector, as places like `index`. */
	hot: Uint32Array;
}

/** Start a look; with a dataset, at what the files would add to it. */
export function startLook(
	datasetId: number | null,
	params: Record<string, unknown>,
	key: string,
	signal: AbortSignal,
): Promise<Job> {
	return sendJson(
		"POST",
		"/jobs",
		{ kind: "look", dataset_id: datasetId, params, key },
		{ signal },
	);
}

/** What a look that is through has found. */
export function fetchLook(jobId: number, signal: AbortSignal): Promise<Look> {
	return fetchJson(`/jobs/${jobId}/look`, { signal });
}

export async function fetchLookExposure(jobId: number, signal: AbortSignal): Promise<LookPixels> {
	const response = await fetchBytes(`/jobs/${jobId}/look/exposure`, { signal });
	const buffer = await response.arrayBuffer();
	const { items, payload } = parsePack(buffer);
	const array = (name: string) => {
		const item = items.find((one) => one.name === name);
		if (!item) throw new TypeError(`The look's exposure has no ${name}.`);
		return asArray(buffer, item.dtype ?? "float32", payload + (item.offset ?? 0), item.nbytes);
	};
	return {
		image: array("image") as Float32Array,
		index: array("index") as Uint32Array,
		sigma: array("sigma") as Float32Array,
		value: array("value") as Float32Array,
		hot: array("hot") as Uint32Array,
	};
}

/** The first crops among the files, to be seen before they are imported. */
export async function fetchLookCrops(jobId: number, signal: AbortSignal): Promise<CutoutPixels[]> {
	const response = await fetchBytes(`/jobs/${jobId}/look/crops`, { signal });
	return parsePixels(await response.arrayBuffer());
}

export function fetchAccount(jobId: number): Promise<Account> {
	return fetchJson(`/jobs/${jobId}/account`);
}

export function fetchAccountFiles(
	jobId: number,
	state: State,
	after: number | null,
): Promise<AccountPage> {
	const from = after === null ? "" : `&after=${after}`;
	return fetchJson(`/jobs/${jobId}/files?state=${state}&limit=200${from}`);
}
