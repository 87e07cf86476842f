/** Dropped files as rows of a list: a big file is a row, small ones of a folder are one row. */
import { guessRole, PEEK_BYTES, type Role, worthPeeking } from "./roles";
import { keptTogether } from "./runs";
import type { FoundFile } from "./walk";

export interface Bundle {
	id: number;
	/** What the row says: a path, or a folder with how many files. */
	name: string;
	role: Role;
	files: FoundFile[];
	size: number;
	/** An instrument's run: its files are sent in one archive, whatever their size. */
	run: boolean;
}

/** Above this a file is sent by itself, in resumable chunks; below it may travel in a tar. */
export const SMALL_BYTES = 4 * 1024 * 1024;
/** Sent as they are: what is in them is told apart by the server. */
const ARCHIVE = /\.(zip|tar|tgz|tar\.(gz|bz2|xz))$/i;
/** So many alike files in one folder are crops, not tables: nobody keeps forty label files. */
const MANY = 20;

let nextId = 1;

/** The first bytes of a stream, however small the pieces it comes in. */
async function beginning(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
	const out = new Uint8Array(PEEK_BYTES);
	let n = 0;
	const reader = stream.getReader();
	while (n < PEEK_BYTES) {
		const { value, done } = await reader.read();
		if (done) break;
		const part = value.subarray(0, PEEK_BYTES - n);
		out.set(part, n);
		n += part.length;
	}
	void reader.cancel().catch(() => {});
	return out.subarray(0, n);
}

async function headOf(file: File): Promise<string> {
	const bytes = /\.gz$/i.test(file.name)
		? await beginning(file.stream().pipeThrough(new DecompressionStream("gzip")))
		: new Uint8Array(await file.slice(0, PEEK_BYTES).arrayBuffer());
	let text = "";
	for (const byte of bytes) text += String.fromCharCode(byte);
	return text;
}

function folderOf(path: string): string {
	return path.split("/").slice(0, -1).join("/");
}

/** What a run is called: its folder, or the name that its files share. */
function nameOf(run: string, path: string): string {
	return run.endsWith("/") ? run.slice(0, -1) || path : path.replace(/\.[^./]*$/, "");
}

/** Group files by top folder and role. Only files that may be tables or headers are looked into. */
export async function bundle(found: readonly FoundFile[]): Promise<Bundle[]> {
	const alike = new Map<string, number>();
	const kindOf = ({ path }: FoundFile) =>
		`${folderOf(path)}/*.${path.split(".").pop()?.toLowerCase()}`;
	for (const one of found) alike.set(kindOf(one), (alike.get(kindOf(one)) ?? 0) + 1);

	const runs = keptTogether(found.map(({ path }) => path).filter((path) => !ARCHIVE.test(path)));
	const rows = new Map<string, Bundle>();
	for (const one of found) {
		const run = runs.get(one.path);
		const many = run !== undefined || (alike.get(kindOf(one)) ?? 0) >= MANY;
		const head = !many && worthPeeking(one.path) ? await headOf(one.file).catch(() => "") : "";
		const role =
			run !== undefined || (many && /\.(csv|npy|parquet)$/i.test(one.path))
				? "data"
				: guessRole(one.path, head);
		const top = one.path.includes("/") ? (one.path.split("/")[0] as string) : "";
		const together = one.file.size <= SMALL_BYTES && role === "data" && top !== "";
		const key = run ? `run ${run}` : together ? `folder ${top}` : `file ${one.path}`;
		const row = rows.get(key);
		if (row) {
			row.files.push(one);
			row.size += one.file.size;
		} else {
			rows.set(key, {
				id: nextId++,
				name: run ? nameOf(run, one.path) : together ? top : one.path,
				role,
				files: [one],
				size: one.file.size,
				run: run !== undefined,
			});
		}
	}
	// A folder of one file is that file.
	return [...rows.values()].map((row) =>
		row.files.length === 1 ? { ...row, name: row.files[0]?.path ?? row.name } : row,
	);
}

/** The files of a row that are sent as they are; the others travel together in archives. */
export function sentAlone(row: Pick<Bundle, "files" | "run">): FoundFile[] {
	if (row.files.length === 1) return row.files;
	return row.run ? [] : row.files.filter(({ file }) => file.size > SMALL_BYTES);
}
