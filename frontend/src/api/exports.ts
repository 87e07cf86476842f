import { fetchBytes } from "./client";

export type ExportWhat =
	| "labels"
	| "predictions"
	| "embedding"
	| "map"
	| "columns"
	| "cutouts"
	| "regions";
export type ExportFormat =
	| "csv"
	| "parquet"
	| "npy"
	| "votable"
	| "fits"
	| "ecsv"
	| "ecotaxa"
	| "root"
	| "folders"
	| "ds9";

export interface ExportRequest {
	what: ExportWhat;
	format: ExportFormat;
	every_annotator?: boolean;
	model_version_id?: number;
	ordinals?: number[];
}

/** File name of a Content-Disposition header, the plain and the RFC 5987 form. */
export function fileNameOf(disposition: string | null, fallback: string): string {
	const extended = /filename\*=UTF-8''([^;]+)/i.exec(disposition ?? "");
	if (extended?.[1]) return decodeURIComponent(extended[1]);
	return /filename="?([^";]+)"?/i.exec(disposition ?? "")?.[1] ?? fallback;
}

/** What the server says of the file: what is left out, what the format cannot hold. */
export function notesOf(header: string | null): string[] {
	if (!header) return [];
	return JSON.parse(decodeURIComponent(header)) as string[];
}

export interface Downloaded {
	name: string;
	notes: string[];
}

/** Have the server write a file and hand it to the browser's downloads. */
export async function download(datasetId: number, request: ExportRequest): Promise<Downloaded> {
	const response = await fetchBytes(`/datasets/${datasetId}/exports`, {
		method: "POST",
		headers: { "Content-Type": "application/json" },
		body: JSON.stringify(request),
	});
	const name = fileNameOf(
		response.headers.get("Content-Disposition"),
		`${request.what}.${request.format}`,
	);
	const url = URL.createObjectURL(await response.blob());
	const link = document.createElement("a");
	link.href = url;
	link.download = name;
	link.click();
	// The download reads the blob after this turn; a minute is ample to have begun.
	setTimeout(() => URL.revokeObjectURL(url), 60_000);
	return { name, notes: notesOf(response.headers.get("Cloudchamber-Notes")) };
}
