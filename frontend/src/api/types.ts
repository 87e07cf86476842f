/** Names of the API's shapes. One place, so that views read `Dataset` and not a path into a schema. */

export interface LabelClass {
	id: number;
	ordinal: number;
	name: string;
	key: string;
	colour: string;
	caption: string | null;
	number: number | null;
}

export interface LabelSet {
	id: number;
	name: string;
	classes: LabelClass[];
}

export interface Revisions {
	labels: number;
	columns: number;
	jobs: number;
	cutouts: number;
	dataset?: number;
}

export interface Dataset {
	id: number;
	name: string;
	created_at: string;
	label_set: LabelSet;
	n_cutouts: number;
	n_exposures: number;
	n_labelled: number;
	label_counts: { class_id: number; n: number }[];
	active_model_id: number | null;
	active_map_job_id: number | null;
	labels_newer_than_model: number | null;
	revisions: Revisions;
	exposure_unit: string | null;
}

export type ColumnGroup = "place" | "measurement" | "metadata" | "model" | "map" | "ranking";

export interface Column {
	id: number;
	name: string;
	title: string;
	unit: string | null;
	group: ColumnGroup;
	dtype: "float32" | "float64" | "int32" | "int16" | "uint8" | "category";
	width: number;
	n: number;
	categories: string[] | null;
	description: string;
	model_version_id: number | null;
	producer_job_id: number | null;
	revision: number;
}

export interface CutoutInfo {
	ordinal: number;
	name: string;
	exposure_id: number | null;
	exposure_name: string | null;
	x0: number | null;
	y0: number | null;
	height: number;
	width: number;
	channels: number;
	dtype: string;
	flags: string[];
	duplicate_of: number | null;
	source_group: string | null;
}

export type JobState = "queued" | "running" | "cancelling" | "succeeded" | "failed" | "cancelled";

export interface Job {
	id: number;
	kind: string;
	title: string;
	dataset_id: number | null;
	params: Record<string, unknown>;
	state: JobState;
	attempt: number;
	progress: { fraction: number; message: string; counts: Record<string, number> };
	curve: Record<string, number>[] | null;
	result: Record<string, unknown> | null;
	error: { message: string; hint: string | null; detail: string | null } | null;
	parent_id: number | null;
	created_at: string;
	started_at: string | null;
	finished_at: string | null;
	created_by: string | null;
	revision: number;
}

export interface ImportFile {
	id: number;
	name: string;
	state: "imported" | "refused" | "duplicate" | "ignored";
	reason: string | null;
	n_cutouts: number;
	n_duplicates: number;
	detail: Record<string, unknown> | null;
}

export interface Me {
	annotator: { id: number; name: string };
	version: string;
	read_only: boolean;
	offline: boolean;
}
