/** The list of an import before it begins: what was sent, row by row, with what it was taken for. */
import type { Look, LookFile, Question, State } from "../api/look";
import { count, plural } from "./format";
import { ROLE_CAPTIONS, type Role, TAKEN_FOR } from "./roles";
import type { FoundFile } from "./walk";

/** What the list needs to know of a row of chosen files. */
export interface Sending {
	id: number;
	name: string;
	role: Role;
	chosen: Role | null;
	size: number;
	files: FoundFile[];
	uploads: { id: number; parcel: boolean; paths: string[] }[];
}

export interface Entry<R extends Sending = Sending> {
	key: string;
	/** The rows it was sent in, mostly one. */
	rows: [R, ...R[]];
	name: string;
	/** Files it stands for. */
	n: number;
	/** Paths of the chosen files it stands for. */
	paths: ReadonlySet<string>;
	takenFor: string;
	/** Null before anything was looked at. */
	state: State | null;
	why: string;
	reason: string;
	/** "509 crops · 12–200 × 15–180 px". */
	contents: string;
	questions: Question[];
	/** What the look says of it, where it is one thing. */
	looked: LookFile | null;
	/** What an archive or a run holds, where it is more than one thing. */
	inside: LookFile[];
}

/** What wants a person first: a question, then what is refused, then the rest as it came. */
const ORDER: (State | null)[] = ["needs_answer", "refused", "ignored", null, "joined", "in"];

/** One entry for each thing a person would name: a file, a folder of alike ones, an archive. */
export function entries<R extends Sending>(rows: readonly R[], look: Look | null): Entry<R>[] {
	const tables = new Map((look?.tables ?? []).map((table) => [table.file, table]));
	/** A table that joins nothing is not in, whatever its file is. */
	const judged = (file: LookFile): LookFile => {
		const table = tables.get(file.name);
		if (!table || table.rows.given === 0 || table.rows.joined > 0 || file.state === "refused")
			return file;
		const state = table.state === "needs_answer" ? table.state : "refused";
		return { ...file, state, reason: table.reason || "No row meets an image." };
	};
	const seenFiles = (look?.files ?? []).map(judged);
	const archives: Entry<R>[] = [];
	const loose = new Set(seenFiles);
	for (const row of rows)
		for (const upload of row.uploads) {
			const files = filesIn(upload, seenFiles);
			for (const path of upload.paths) {
				// What lies in an archive has the archive's path before its own.
				const inside = files.filter((file) => file.name.startsWith(`${path}/`));
				if (!inside.length) continue;
				archives.push(archive(row, path, inside));
				for (const file of inside) loose.delete(file);
			}
		}
	const all: Entry<R>[] = [];
	for (const file of loose) {
		const mine = rows.filter((row) => row.uploads.some(({ id }) => file.upload_ids.includes(id)));
		const paths = mine
			.flatMap((row) => row.uploads)
			.filter(({ id }) => file.upload_ids.includes(id))
			.flatMap((upload) => pathsIn(upload, file, filesIn(upload, seenFiles)));
		const [first, ...others] = mine;
		if (first) all.push(single([first, ...others], file, new Set(paths)));
	}
	all.push(...archives);
	const seen = new Set(all.flatMap((entry) => entry.rows));
	all.push(...rows.filter((row) => !seen.has(row)).map(unseen));
	const place = (entry: Entry<R>) => rows.indexOf(entry.rows[0]);
	return all.sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || place(a) - place(b));
}

function filesIn(upload: { id: number }, files: readonly LookFile[]): LookFile[] {
	return files.filter((file) => file.upload_ids.includes(upload.id));
}

function unseen<R extends Sending>(row: R): Entry<R> {
	return {
		key: `row ${row.id}`,
		rows: [row],
		name: row.name,
		n: row.files.length,
		paths: new Set(row.files.map(({ path }) => path)),
		takenFor: ROLE_CAPTIONS[row.chosen ?? row.role],
		state: null,
		why: "",
		reason: "",
		contents: "",
		questions: [],
		looked: null,
		inside: [],
	};
}

function single<R extends Sending>(
	rows: Entry<R>["rows"],
	file: LookFile,
	paths: ReadonlySet<string>,
): Entry<R> {
	return {
		key: [file.upload_ids[0], file.taken_for, file.state, file.name, file.dtype, file.n].join(" "),
		rows,
		name: file.name,
		n: file.n,
		paths,
		takenFor: TAKEN_FOR[file.taken_for] ?? file.taken_for,
		state: file.state,
		why: file.why,
		reason: file.reason,
		contents: contentsOf([file]),
		questions: file.question ? [file.question] : [],
		looked: file,
		inside: [],
	};
}

function archive<R extends Sending>(row: R, path: string, inside: LookFile[]): Entry<R> {
	const n = inside.reduce((sum, file) => sum + file.n, 0);
	const worst = ORDER.find((state) => inside.some((file) => file.state === state)) ?? "in";
	const bad = inside.filter((file) => file.state === "refused" || file.state === "ignored");
	const questions = inside.flatMap((file) => (file.question ? [file.question] : []));
	return {
		key: `archive ${row.id} ${path}`,
		rows: [row],
		name: path,
		n,
		paths: new Set([path]),
		takenFor: "archive",
		state: worst,
		why: "",
		reason: bad.length
			? `${plural(
					bad.reduce((sum, file) => sum + file.n, 0),
					"file",
				)} inside ${bad.some((file) => file.state === "refused") ? "cannot be read" : "left out"}`
			: "",
		contents: contentsOf(inside),
		questions: questions.filter((q, i) => questions.findIndex((o) => o.text === q.text) === i),
		looked: null,
		inside,
	};
}

/** The chosen files a look's line stands for: the one of its name, or those of its folder. */
function pathsIn(
	upload: Sending["uploads"][number],
	file: LookFile,
	siblings: LookFile[],
): string[] {
	const all = upload.paths;
	if (siblings.length === 1) return all;
	if (all.includes(file.name)) return [file.name];
	const named = new Set(siblings.map((other) => other.name));
	return all.filter((path) => !named.has(path) && folderOf(path) === file.folder);
}

function folderOf(path: string): string {
	return path.split("/").slice(0, -1).join("/");
}

function contentsOf(files: readonly LookFile[]): string {
	const sum = (what: (file: LookFile) => number) => files.reduce((n, file) => n + what(file), 0);
	const crops = sum((file) => file.n_crops);
	const exposures = sum((file) => file.n_exposures);
	const one = files.length === 1 ? files[0] : undefined;
	return [
		exposures ? plural(exposures, "exposure") : "",
		crops ? plural(crops, "crop") : "",
		one?.shape ? `${sizeText(one.shape)} px` : "",
		one?.dtype ?? "",
	]
		.filter(Boolean)
		.join(" · ");
}

/** "12-200 x 15-180" as it is set: "12–200 × 15–180". */
export function sizeText(shape: string): string {
	return shape.replaceAll(" x ", " × ").replace(/(\d)-(\d)/g, "$1–$2");
}

/** How many of each thing an import of all this brings. */
export interface Harvest {
	exposures: number;
	cutouts: number;
	labels: number;
	columns: number;
}

/** What calibrates others is not searched itself. */
const MASTERS = new Set(["bias", "dark"]);

export function harvest(look: Look): Harvest {
	const coming = look.files.filter((file) => file.state === "in" || file.state === "joined");
	const sum = (what: (file: LookFile) => number) => coming.reduce((n, file) => n + what(file), 0);
	const joined = look.tables.filter((table) => table.state === "joined" || table.state === "in");
	const labelled = joined.reduce(
		(n, { labels: l }) => n + (l ? l.new + l.same + l.replaced : 0),
		0,
	);
	return {
		exposures: sum((file) => (MASTERS.has(file.taken_for) ? 0 : file.n_exposures)),
		cutouts: sum((file) => file.n_crops),
		labels: labelled,
		columns: joined
			.flatMap((table) => table.columns)
			.filter((c) => c.use === "metadata" && c.state === "joined").length,
	};
}

/** What the button does: "Import 509 cutouts and 306 labels". */
export function importWords(found: Harvest | null, nFiles: number): string {
	if (nFiles === 0) return "Import";
	if (!found) return `Import ${plural(nFiles, "file")}`;
	const things = [
		found.exposures ? plural(found.exposures, "exposure") : "",
		found.cutouts ? plural(found.cutouts, "cutout") : "",
		found.labels ? plural(found.labels, "label") : "",
	].filter(Boolean);
	if (found.columns && things.length < 2) things.push(plural(found.columns, "column"));
	if (things.length === 0) return `Import ${plural(nFiles, "file")}`;
	const last = things.pop();
	return `Import ${things.length ? `${things.join(", ")} and ` : ""}${last}`;
}

/** How a table was read, and what it was taken for as such; its format is said once. */
export function reading({ format, why }: { format: string; why: string }): string {
	return [why.includes(format) ? "" : format, why].filter(Boolean).join(" · ");
}

/** Half a sentence on how a table meets the images, as the account has it. */
export function meeting(table: {
	labels: { given: number; new: number; same: number; replaced: number } | null;
	columns: { use: string; state: State }[];
	cutouts: number;
	of: number;
}): string {
	const { labels, columns, cutouts, of } = table;
	const offered = columns.filter((c) => c.use === "metadata");
	const joined = offered.filter((c) => c.state === "joined").length;
	return [
		labels
			? `${count(labels.new + labels.same + labels.replaced)} of ${count(labels.given)} labels`
			: "",
		offered.length
			? `${plural(joined, "column")} on ${count(cutouts)} of ${plural(of, "cutout")}`
			: "",
	]
		.filter(Boolean)
		.join(", ");
}
