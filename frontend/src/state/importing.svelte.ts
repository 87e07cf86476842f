/** Files chosen for an import, their way to the server, and the job that reads them. */
import { api, given, sentence } from "../api/client";
import { send } from "../api/uploads";
import { type Bundle, bundle, sentAlone } from "../lib/bundles";
import type { Role } from "../lib/roles";
import { load, save } from "../lib/stored";
import { packs, tar } from "../lib/tar";
import type { FoundFile } from "../lib/walk";
import { app } from "./app.svelte";
import { jobs } from "./jobs.svelte";

/** Small files travel together in archives of at most this size. */
const PACK_BYTES = 64 * 1024 * 1024;
const PARALLEL = 2;

export interface Row extends Bundle {
	state: "chosen" | "sending" | "sent" | "failed";
	sent: number;
	reason: string;
	uploads: number[];
}

export interface Settings {
	threshold: { value: number; unit: "sigma" | "adu" };
	min_pixels: number;
	margin: number;
	max_size: number;
	class_folders: "labels" | "groups" | "off";
	keep_exposures: boolean;
	self_supervised: boolean;
}

const DEFAULTS: Settings = {
	threshold: { value: 6, unit: "sigma" },
	min_pixels: 1,
	margin: 3,
	max_size: 512,
	class_folders: "off",
	keep_exposures: true,
	self_supervised: false,
};

class ImportState {
	rows = $state<Row[]>([]);
	settings = $state<Settings>({ ...DEFAULTS, ...load<Partial<Settings>>("import", {}) });
	phase = $state<"choosing" | "sending">("choosing");
	/** Looking through what was dropped. */
	reading = $state(false);
	problem = $state("");
	#stop: AbortController | null = null;

	get size(): number {
		return this.rows.reduce((sum, row) => sum + row.size, 0);
	}
	get sent(): number {
		return this.rows.reduce((sum, row) => sum + Math.min(row.sent, row.size), 0);
	}
	get nFiles(): number {
		return this.rows.reduce((sum, row) => sum + row.files.length, 0);
	}

	async add(found: Promise<FoundFile[]> | FoundFile[]): Promise<void> {
		this.reading = true;
		this.problem = "";
		try {
			const known = new Set(this.rows.flatMap((row) => row.files.map(({ path }) => path)));
			const fresh = (await found).filter(({ path }) => !known.has(path));
			const rows = await bundle(fresh);
			this.rows.push(
				...rows.map((row) => ({
					...row,
					state: "chosen" as const,
					sent: 0,
					reason: "",
					uploads: [],
				})),
			);
		} catch (error) {
			this.problem = `Some of it could not be read: ${sentence(error)}`;
		} finally {
			this.reading = false;
		}
	}

	remove(id: number): void {
		this.rows = this.rows.filter((row) => row.id !== id);
	}

	setRole(id: number, role: Role): void {
		const row = this.rows.find((candidate) => candidate.id === id);
		if (row) row.role = role;
	}

	clear(): void {
		this.cancel();
		this.rows = [];
		this.problem = "";
	}

	cancel(): void {
		this.#stop?.abort(new DOMException("Cancelled", "AbortError"));
		this.#stop = null;
		this.phase = "choosing";
	}

	/** A name for a new dataset: what was dropped is usually called what it is. */
	suggestedName(): string {
		const data = this.rows.find((row) => row.role === "data") ?? this.rows[0];
		if (!data) return "";
		const first = data.name.split("/")[0] ?? "";
		return first.replace(/\.(fits?|fts|zip|tar|gz|fz|tgz|png|tiff?|npy|csv|jpe?g)\b/gi, "");
	}

	/**
	 * Send every row and ask for the import. Returns the dataset and the job, or null where it was
	 * cancelled or failed (the rows say why). Sending goes on while one looks at other pages.
	 */
	async start(
		target: { datasetId: number } | { name: string; labelSetId: number | null },
	): Promise<{ datasetId: number; jobId: number } | null> {
		const stop = new AbortController();
		this.#stop = stop;
		this.phase = "sending";
		this.problem = "";
		save("import", $state.snapshot(this.settings));
		try {
			const waiting = this.rows.filter((row) => row.state !== "sent");
			const lane = async () => {
				for (let row = waiting.shift(); row; row = waiting.shift())
					await this.#sendRow(row, stop.signal);
			};
			await Promise.all(Array.from({ length: PARALLEL }, lane));
			stop.signal.throwIfAborted();
			const failed = this.rows.filter((row) => row.state === "failed");
			if (failed.length > 0) {
				this.problem = "Some files could not be sent. Remove them or try again.";
				return null;
			}
			const datasetId =
				"datasetId" in target
					? target.datasetId
					: (
							await given(
								api.POST("/api/v1/datasets", {
									body: { name: target.name, label_set_id: target.labelSetId },
								}),
							)
						).id;
			const uploads = this.rows.flatMap((row) => row.uploads.map((id) => ({ id, role: row.role })));
			const job = await jobs.start(
				"import_files",
				{ uploads, ...$state.snapshot(this.settings) },
				datasetId,
			);
			this.rows = [];
			void app.refreshDatasets();
			return { datasetId, jobId: job.id };
		} catch (error) {
			if (!stop.signal.aborted) this.problem = sentence(error);
			return null;
		} finally {
			this.phase = "choosing";
			this.#stop = null;
		}
	}

	async #sendRow(row: Row, signal: AbortSignal): Promise<void> {
		row.state = "sending";
		row.reason = "";
		row.sent = 0;
		row.uploads = [];
		try {
			let before = 0;
			for (const { name, blob, size } of parts(row)) {
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
				row.uploads.push(id);
				localStorage.removeItem(`cloudchamber.${memory}`);
			}
			row.sent = row.size;
			row.state = "sent";
		} catch (error) {
			row.state = signal.aborted ? "chosen" : "failed";
			row.reason = signal.aborted ? "" : sentence(error);
		}
	}
}

/** What is sent for a row: its big files as they are, its small ones as archives. */
function parts(row: Row): { name: string; blob: Blob; size: number }[] {
	const big = sentAlone(row);
	const small = row.files.filter((file) => !big.includes(file));
	const members = small.map(({ path, file }) => ({ path, file, modified: file.lastModified }));
	return [
		...big.map(({ path, file }) => ({ name: path, blob: file, size: file.size })),
		...packs(members, row.run ? Number.POSITIVE_INFINITY : PACK_BYTES).map((group, i) => ({
			name: `${row.name}${i > 0 ? `-${i + 1}` : ""}.tar`,
			blob: tar(group),
			size: group.reduce((sum, { file }) => sum + file.size, 0),
		})),
	];
}

export const importing = new ImportState();
