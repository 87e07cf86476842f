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

export interface Answer {
	caption: string;
	/** The parameter of the import that says it, and its value. */
	param: string;
	value: string;
}

export interface Question {
	kind:
		| "exposure_or_crop"
		| "image_or_table"
		| "existing_labels"
		| "existing_values"
		| "label_column";
	text: string;
	answers: Answer[];
}

/** One file, or the alike ones of a folder (`n` of them). */
export interface LookFile {
	name: string;
	taken_for: string;
	why: string;
	role: string;
	state: State;
	reason: string;
	question: Question | null;
	n: number;
	n_crops: number;
	n_exposures: number;
	/** "1024 x 1024", or a range over several: "12-200 x 15-180". */
	shape: string;
	dtype: string;
	folder: string | null;
	upload_id: number;
	notes: string[];
}

export interface LookTable extends Table {
	file: string;
	all_columns: string[];
}

export interface LookExposure {
	name: string;
	height: number;
	width: number;
	/** Pixels of the frame in one of the drawn image, on each side. */
	scale: number;
	unit: string;
	noise: number;
	/** Pixels at or below it are not in the list of bright pixels. */
	floor_sigma: number;
	n_bright: number;
	n_exposures: number;
}

export interface Look {
	suggested_name: string;
	n_files: number;
	files: LookFile[];
	tables: LookTable[];
	classes: { name: string; n: number }[];
	n_without_folder: number;
	label_sets: { id: number; name: string; matches: number }[];
	exposure: LookExposure | null;
	sentences: string[];
}

/** Pixels of the first exposure: an overview of block maxima, and every pixel above the floor. */
export interface LookPixels {
	/** Row-major [ceil(height / scale), ceil(width / scale)], in sigma above the baseline. */
	image: Float32Array;
	/** y * width + x, rising. */
	index: Uint32Array;
	sigma: Float32Array;
	/** In the exposure's unit, above the baseline. */
	value: Float32Array;
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
