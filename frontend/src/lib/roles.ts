/** What a file is for, guessed from its name and its first bytes; the person has the last word. */

export const ROLES = ["data", "labels", "metadata", "bias", "dark", "defects", "ignore"] as const;
export type Role = (typeof ROLES)[number];

export const ROLE_CAPTIONS: Record<Role, string> = {
	data: "exposures or cutouts",
	labels: "labels",
	metadata: "metadata",
	bias: "master bias",
	dark: "master dark",
	defects: "mask of defects",
	ignore: "nothing: left out",
};

/** What the look says a file was taken for. */
export const TAKEN_FOR: Record<string, string> = {
	exposure: "exposure",
	crop: "crop",
	hit_list: "hit list",
	labels: "labels",
	metadata: "metadata",
	bias: "bias",
	dark: "dark",
	defect_mask: "defect mask",
	instrument_run: "instrument run",
	archive: "archive",
	unknown: "not known",
};

const TABLE = /\.(csv|tsv|parquet|npy)$/i;
const FITS = /\.(fits?|fts|fz)(\.gz)?$/i;

/** Bytes of a file that are worth reading for the guess: one FITS block of 80-byte cards and more. */
export const PEEK_BYTES = 14_400;

/** Whether the first bytes could change the guess. */
export function worthPeeking(name: string): boolean {
	return TABLE.test(name) || FITS.test(name);
}

function card(head: string, keyword: string): string {
	const match = new RegExp(`${keyword.padEnd(8)}= '([^']*)'`).exec(head);
	return match?.[1]?.trim().toLowerCase() ?? "";
}

/**
 * Role of one file. `head` is its beginning as Latin-1 text where it was read. A dark exposure is
 * data unless it is called a master: long darks are what people search for tracks.
 */
export function guessRole(path: string, head = ""): Role {
	const name = (path.split("/").pop() ?? path).toLowerCase();
	if (FITS.test(name)) {
		if (/(^|[^a-z])(master[-_ ]?)?(bias|zero)([^a-z]|$)/.test(name)) return "bias";
		if (/master[-_ ]?dark/.test(name)) return "dark";
		// Observatories differ in where they say it; some write DARK as the type and Bias as the object.
		const said = ["IMAGETYP", "OBSTYPE", "OBJECT"].map((keyword) => card(head, keyword));
		return said.some((text) => /^(master[ _-]?)?(bias|zero)/.test(text)) ? "bias" : "data";
	}
	if (!TABLE.test(name)) return "data";
	if (/\.npy$/.test(name)) {
		// The ice-core and CCD seeds keep labels as an array of two rows: number and name.
		return /label/.test(name) || /'shape':\s*\(2,\s*\d{2,}\)/.test(head) ? "labels" : "data";
	}
	if (/\.parquet$/.test(name)) return /label/.test(name) ? "labels" : "metadata";
	const [first = "", second = ""] = head.split(/\r?\n/);
	const words = first
		.toLowerCase()
		.split(/[,;\t]/)
		.map((word) => word.trim().replaceAll('"', ""));
	if (words.length === 2 && words.some((w) => /^(label|class|category)$/.test(w))) return "labels";
	const titled =
		first !== "" && words.some((word) => /[a-z]/.test(word.replace(/^nan$|^\d.*e/, "")));
	if (titled && second !== "")
		return /label/.test(name) && words.length < 4 ? "labels" : "metadata";
	if (head === "" && /label/.test(name)) return "labels";
	if (head === "" && /meta|measure/.test(name)) return "metadata";
	return "data";
}
