/** Files chosen for an import, what was asked of them, and the job that reads them. */
import { api, given, sentence } from "../api/client";
import type { components } from "../api/schema.gen";
import { bundle } from "../lib/bundles";
import type { Role } from "../lib/roles";
import { load, save } from "../lib/stored";
import { uuid } from "../lib/uuid";
import { apart, type FoundFile } from "../lib/walk";
import { app } from "./app.svelte";
import { jobs } from "./jobs.svelte";
import { looking } from "./looking.svelte";
import { forget, type Row, rowOf, Sending } from "./sending.svelte";

/** How cutouts are made of exposures; remembered in this browser. */
export interface Cutting {
	threshold: { value: number; unit: "sigma" | "adu" };
	min_pixels: number;
	margin: number;
	max_size: number;
	keep_exposures: boolean;
	self_supervised: boolean;
}

const CUTTING: Cutting = {
	threshold: { value: 6, unit: "sigma" },
	min_pixels: 1,
	margin: 3,
	max_size: 512,
	keep_exposures: true,
	self_supervised: false,
};

/** How exposures are read and calibrated; asked anew for every import. */
export interface Calibrating {
	background: "auto" | "constant" | "columns" | "mesh";
	polarity: "bright" | "dark";
	mask_hot: boolean;
	scale_dark: boolean;
}

const CALIBRATING: Calibrating = {
	background: "auto",
	polarity: "bright",
	mask_hot: false,
	scale_dark: false,
};

/** What is said about a detector; what is absent is as its header says. */
export type DetectorSettings = Partial<components["schemas"]["DetectorSettings"]>;

export type ClassFolders = "off" | "labels" | "groups";

/** Settings of which none changes what the look finds; the threshold only below the look's floor. */
const UNSEEN = ["min_pixels", "margin", "max_size", "keep_exposures", "self_supervised"] as const;
const SETTLE_MS = 350;

class ImportState {
	rows = $state<Row[]>([]);
	settings = $state<Cutting>(stored());
	/** What class folders are taken as; asked anew for every import, since it makes labels. */
	classFolders = $state<ClassFolders>("off");
	calibrating = $state<Calibrating>({ ...CALIBRATING });
	/** What is said about the detector, for this import. */
	detector = $state.raw<DetectorSettings>({});
	/** Answers to questions and other choices, by the import's parameter. */
	answers = $state<Record<string, string>>({});
	/** Looking through what was dropped. */
	reading = $state(false);
	/** The import was asked for and begins as soon as everything has been sent. */
	starting = $state(false);
	problem = $state("");
	/** What was done with files that were in the list before. */
	note = $state("");
	readonly sending = new Sending();
	/** The threshold of the last look. */
	#lookedAt: Cutting["threshold"] | null = null;

	get size(): number {
		return this.rows.reduce((sum, row) => sum + row.size, 0);
	}
	get sent(): number {
		return this.rows.reduce((sum, row) => sum + Math.min(row.sent, row.size), 0);
	}
	get nFiles(): number {
		return this.rows.reduce((sum, row) => sum + row.files.length, 0);
	}
	get failed(): Row[] {
		return this.rows.filter((row) => row.state === "failed");
	}

	async add(found: Promise<FoundFile[]> | FoundFile[]): Promise<void> {
		this.reading = true;
		this.problem = "";
		try {
			const known = this.rows.flatMap((row) => row.files);
			const { fresh, repeated, renamed } = apart(await found, known);
			this.note = noteOf(repeated, renamed);
			const rows = await bundle(fresh);
			this.rows.push(...rows.map((row) => rowOf(row)));
			void this.send();
		} catch (error) {
			this.problem = `Some of it could not be read: ${sentence(error)}`;
		} finally {
			this.reading = false;
		}
	}

	/** Send what waits; when all is there, a look at it begins by itself. */
	send(): Promise<void> {
		return this.sending.start(
			() => this.rows,
			() => this.look(),
		);
	}

	/** Send again what failed. */
	sendAgain(): void {
		for (const row of this.failed) row.state = "waiting";
		void this.send();
	}

	/** Look at what has been sent, unless it was looked at with the same questions. */
	look(delay = 0): void {
		const all = this.rows.length > 0 && this.rows.every((row) => row.state === "sent");
		if (all && !this.starting) looking.ask(app.datasetId, this.#seen(), delay);
	}

	remove(id: number): void {
		const row = this.rows.find((candidate) => candidate.id === id);
		if (!row) return;
		forget(row.uploads);
		this.rows = this.rows.filter((other) => other !== row);
		if (this.rows.length === 0) this.clear();
		else this.look();
	}

	/**
	 * Say what some files of a row are for (null: as found). Files that travelled in a parcel with
	 * others are sent again by themselves, since a role belongs to an upload.
	 */
	setRole(id: number, paths: ReadonlySet<string>, role: Role | null): void {
		const row = this.rows.find((candidate) => candidate.id === id);
		if (!row) return;
		const part = (files: FoundFile[]) => ({
			...row,
			files,
			size: files.reduce((sum, { file }) => sum + file.size, 0),
		});
		const mine = row.files.filter(({ path }) => paths.has(path));
		if (mine.length === 0) return;
		if (mine.length === row.files.length) {
			row.chosen = role;
			this.look(SETTLE_MS);
			return;
		}
		const one = { ...part(mine), id: nextId--, name: mine[0]?.path ?? row.name };
		const rest = part(row.files.filter(({ path }) => !paths.has(path)));
		const own = row.uploads.filter((upload) => upload.paths.every((path) => paths.has(path)));
		const at = this.rows.indexOf(row);
		if (own.flatMap((upload) => upload.paths).length === mine.length) {
			const others = row.uploads.filter((upload) => !own.includes(upload));
			const sent = { state: "sent" as const, reason: "" };
			this.rows.splice(
				at,
				1,
				{ ...rest, ...sent, sent: rest.size, uploads: others },
				{ ...one, ...sent, sent: one.size, uploads: own, chosen: role },
			);
			this.look(SETTLE_MS);
		} else {
			forget(row.uploads);
			this.rows.splice(at, 1, rowOf(rest, row.chosen), rowOf(one, role));
			void this.send();
		}
	}

	/** Answer a question or choose a column; an empty value takes the choice back. */
	answer(param: string, value: string): void {
		const { [param]: _, ...others } = this.answers;
		this.answers = value === "" ? others : { ...others, [param]: value };
		this.look(SETTLE_MS);
	}

	/** Read or calibrate the exposures otherwise, and look at what comes of it. */
	calibrate(change: Partial<Calibrating>): void {
		Object.assign(this.calibrating, change);
		this.look(SETTLE_MS);
	}

	/** Say something about the detector; null takes it back. */
	say(change: { [K in keyof DetectorSettings]: DetectorSettings[K] | null }): void {
		const said = Object.entries({ ...this.detector, ...change });
		this.detector = Object.fromEntries(said.filter(([, value]) => value !== null));
		this.look(SETTLE_MS);
	}

	setClassFolders(value: ClassFolders): void {
		this.classFolders = value;
		this.look(SETTLE_MS);
	}

	clear(): void {
		this.sending.stop();
		this.sending.stopped = false;
		looking.clear();
		this.#lookedAt = null;
		this.rows = [];
		this.answers = {};
		this.calibrating = { ...CALIBRATING };
		this.detector = {};
		this.classFolders = "off";
		this.problem = "";
		this.note = "";
	}

	get #uploads() {
		return this.rows.flatMap((row) =>
			row.uploads.map(({ id, parcel }) => ({ id, parcel, role: row.chosen ?? "data" })),
		);
	}

	#params(): Record<string, unknown> {
		return {
			uploads: this.#uploads,
			...$state.snapshot(this.settings),
			...$state.snapshot(this.calibrating),
			...(Object.keys(this.detector).length ? { detector: this.detector } : {}),
			class_folders: this.classFolders,
			...this.answers,
		};
	}

	/** Parameters of a look: without what it does not depend on, so that it is not asked twice. */
	#seen(): Record<string, unknown> {
		const params = this.#params();
		for (const name of UNSEEN) delete params[name];
		const now = $state.snapshot(this.settings.threshold);
		const exposure = looking.result?.exposure;
		const floor = exposure
			? exposure.floor_sigma * (now.unit === "adu" ? exposure.noise : 1)
			: Number.POSITIVE_INFINITY;
		// Above the floor the page counts the footprints itself, whatever the look was asked for.
		if (!this.#lookedAt || now.value < floor) this.#lookedAt = now;
		if (now.value > 0) params.threshold = this.#lookedAt;
		else delete params.threshold;
		return params;
	}

	/**
	 * Ask for the import once everything has been sent. Returns the dataset and the job, or null where
	 * it was cancelled or failed. Sending goes on while one looks at other pages.
	 */
	async start(
		target: { datasetId: number } | { name: string; labelSetId: number | null; labelSet?: string },
	): Promise<{ datasetId: number; jobId: number } | null> {
		this.starting = true;
		this.problem = "";
		save("import", $state.snapshot(this.settings));
		try {
			await this.send();
			if (this.sending.stopped) return null;
			if (this.failed.length > 0) {
				this.problem = "Some files could not be sent. Remove them or try again.";
				return null;
			}
			looking.stop();
			const params = this.#params();
			let datasetId: number;
			if ("datasetId" in target) datasetId = target.datasetId;
			else {
				const { name, labelSetId, labelSet } = target;
				if (labelSet) params.label_set = labelSet;
				const body = { name, label_set_id: labelSetId };
				datasetId = (await given(api.POST("/api/v1/datasets", { body }))).id;
			}
			const job = await jobs.start("import_files", params, datasetId, uuid());
			this.rows = [];
			this.clear();
			void app.refreshDatasets();
			return { datasetId, jobId: job.id };
		} catch (error) {
			this.problem = sentence(error);
			return null;
		} finally {
			this.starting = false;
		}
	}
}

/** Rows that are split off count down, those of a drop up. */
let nextId = -1;

function stored(): Cutting {
	const kept = load<Partial<Cutting>>("import", {});
	const known = Object.entries(kept).filter(([name]) => name in CUTTING);
	return { ...CUTTING, ...Object.fromEntries(known) };
}

function noteOf(repeated: number, renamed: string[]): string {
	const n = (count: number, what: string) => `${count} ${count === 1 ? what : `${what}s`}`;
	return [
		repeated ? `${n(repeated, "file")} had been chosen before.` : "",
		renamed.length
			? `${n(renamed.length, "file")} of a name that was here already: kept as ${renamed[0]}${renamed.length > 1 ? " …" : ""}`
			: "",
	]
		.filter(Boolean)
		.join(" ");
}

export const importing = new ImportState();
