/** Rows of chosen files on their way to the server, in the background, from where they stopped. */
import { api, sentence } from "../api/client";
import { send } from "../api/uploads";
import { type Bundle, sentAlone } from "../lib/bundles";
import type { Role } from "../lib/roles";
import { load, save } from "../lib/stored";
import { packs, tar } from "../lib/tar";

/** Small files travel together in archives of at most this size. */
const PACK_BYTES = 64 * 1024 * 1024;
const PARALLEL = 2;

/** A finished upload of a row. A parcel is an archive made only to send small files together. */
export interface Sent {
	id: number;
	parcel: boolean;
	/** The chosen files in it. */
	paths: string[];
}

export interface Row extends Bundle {
	state: "waiting" | "sending" | "sent" | "failed";
	/** Bytes that have arrived. */
	sent: number;
	reason: string;
	/** What a person said the files are for; null while that is found out from the files. */
	chosen: Role | null;
	uploads: Sent[];
}

export function rowOf(bundle: Bundle, chosen: Role | null = null): Row {
	return { ...bundle, state: "waiting", sent: 0, reason: "", chosen, uploads: [] };
}

interface Packed {
	name: string;
	blob: Blob;
	size: number;
	parcel: boolean;
	paths: string[];
}

/** What is sent for a row: its big files as they are, its small ones as parcels. */
function parts(row: Row): Packed[] {
	const big = sentAlone(row);
	const small = row.files.filter((file) => !big.includes(file));
	const members = small.map(({ path, file }) => ({ path, file, modified: file.lastModified }));
	return [
		...big.map(({ path, file }) => ({
			name: path,
			blob: file,
			size: file.size,
			parcel: false,
			paths: [path],
		})),
		...packs(members, row.run ? Number.POSITIVE_INFINITY : PACK_BYTES).map((group, i) => ({
			name: `${row.name}${i > 0 ? `-${i + 1}` : ""}.tar`,
			blob: tar(group),
			size: group.reduce((sum, { file }) => sum + file.size, 0),
			parcel: true,
			paths: group.map(({ path }) => path),
		})),
	];
}

/** Delete uploads that nothing will read; the server would do so itself after some days. */
export function forget(uploads: readonly Sent[]): void {
	for (const { id } of uploads) {
		const path = { upload_id: id };
		void api.DELETE("/api/v1/uploads/{upload_id}", { params: { path } }).catch(() => {});
	}
}

async function sendRow(row: Row, signal: AbortSignal): Promise<void> {
	row.state = "sending";
	row.reason = "";
	row.sent = 0;
	const done: Sent[] = [];
	try {
		let before = 0;
		for (const { name, blob, size, parcel, paths } of parts(row)) {
			const memory = `upload.${name}.${blob.size}.${row.files[0]?.file.lastModified ?? 0}`;
			const id = await send(
				name,
				blob,
				load<number | null>(memory, null),
				(upload, received) => {
					save(memory, upload);
					row.sent = before + Math.min(size, received);
				},
				signal,
			);
			before += size;
			done.push({ id, parcel, paths });
			localStorage.removeItem(`cloudchamber.${memory}`);
		}
		row.uploads = done;
		row.sent = row.size;
		row.state = "sent";
	} catch (error) {
		row.state = signal.aborted ? "waiting" : "failed";
		row.reason = signal.aborted ? "" : sentence(error);
	}
}

/** Sends what waits in a list of rows, two at a time, and says when all is there. */
export class Sending {
	active = $state(false);
	/** True after a person has stopped it, until they go on. */
	stopped = $state(false);
	#stop: AbortController | null = null;
	#done: Promise<void> = Promise.resolve();

	/** Send every row that waits, also those that are added meanwhile. */
	start(rows: () => readonly Row[], finished: () => void): Promise<void> {
		this.stopped = false;
		if (this.active) return this.#done;
		this.active = true;
		const stop = new AbortController();
		this.#stop = stop;
		const next = () => rows().find((row) => row.state === "waiting");
		const lane = async () => {
			for (let row = next(); row && !stop.signal.aborted; row = next())
				await sendRow(row, stop.signal);
		};
		this.#done = Promise.all(Array.from({ length: PARALLEL }, lane)).then(() => {
			this.active = false;
			this.#stop = null;
			if (!stop.signal.aborted) finished();
		});
		return this.#done;
	}

	stop(): void {
		this.stopped = this.active;
		this.#stop?.abort(new DOMException("Cancelled", "AbortError"));
	}
}
