/** The open dataset: its facts, columns, labels and cutouts, kept fresh by the server's events. */
import { SvelteMap } from "svelte/reactivity";
import { fetchColumn, fetchLabels, type TypedArray } from "../api/binary";
import { api, given } from "../api/client";
import { listen } from "../api/events";
import type {
	Column,
	CutoutInfo,
	Dataset,
	DatasetSettings,
	Job,
	LabelClass,
	Revisions,
	SettingsPatch,
} from "../api/types";
import { PIXEL_SIZE } from "../lib/lengths";
import { allOrdinals, ordinalsOf } from "../lib/order";
import { type Effect, LabelOverlay, type PendingEffect } from "../lib/overlay";
import { jobs } from "./jobs.svelte";

const NO_SETTINGS: DatasetSettings = {
	energy_calibration: null,
	cuts: [],
	hyperparameters: {},
	unknown_labels_drawn: false,
};

class DatasetState {
	info = $state.raw<Dataset | null>(null);
	columns = $state.raw<Column[]>([]);
	/** What people set once for the dataset: energy calibration, saved cuts, hyperparameters. */
	settings = $state.raw<DatasetSettings>(NO_SETTINGS);
	/** Why the dataset could not be opened; null while it is fine. */
	error = $state.raw<unknown>(null);
	/** True once info, columns and labels have arrived. */
	ready = $state(false);
	/** Rises whenever `labels` or `labelFlags` changed; read it to follow them. */
	labelRevision = $state(0);
	/** 1 where the current detection of its exposure has no such cutout; null where all are shown. */
	hidden = $state.raw<Uint8Array | null>(null);
	/** Rises when cutouts that were known have other images: another detection is current. */
	pictures = $state(0);
	/** True while the event stream is broken: what others do is not seen. */
	lost = $state(false);
	readonly overlay = new LabelOverlay();
	/** Unsent label effects of a dataset, set by `labels`; they survive a reload. */
	pendingOf: (datasetId: number) => PendingEffect[] = () => [];
	#values = new SvelteMap<string, { column: Column; values: TypedArray; pictures: number }>();
	#loading = new Map<string, string>();
	#cutouts = new SvelteMap<number, CutoutInfo>();
	#asked = new Set<number>();
	#lastActionId = 0;
	#known: Revisions | null = null;
	/** Revision of labels up to which `overlay` is known to be right, and own actions since then. */
	#labelsAt = 0;
	#ownActions = 0;
	#settling: ReturnType<typeof setTimeout> | undefined;
	#stop: (() => void) | null = null;

	get id(): number | null {
		return this.info?.id ?? null;
	}
	get n(): number {
		return this.info?.n_cutouts ?? 0;
	}
	/** How many cutouts there are to see; `n` counts ordinals, those of retired cutouts too. */
	get nShown(): number {
		return this.n - (this.info?.n_retired ?? 0);
	}
	/** Ordinals of all cutouts there are to see. */
	shown = $derived.by((): Int32Array => {
		const { hidden } = this;
		return hidden ? ordinalsOf(this.shownMask()) : allOrdinals(this.n);
	});
	get classes(): LabelClass[] {
		return this.info?.label_set.classes ?? [];
	}
	get labels(): Int32Array {
		this.labelRevision;
		return this.overlay.labels;
	}
	get labelFlags(): Uint8Array {
		this.labelRevision;
		return this.overlay.flags;
	}
	get nLabelled(): number {
		this.labelRevision;
		return this.overlay.nLabelled;
	}
	get jobs(): Job[] {
		return jobs.list;
	}
	/** Unit of pixel values: ADU, electrons, or a bare count where nothing is known. */
	get unit(): string {
		const unit = this.info?.exposure_unit;
		return unit === "electron" ? "e⁻" : (unit ?? "");
	}

	classById(id: number): LabelClass | undefined {
		return this.classes.find((c) => c.id === id);
	}

	isShown(ordinal: number): boolean {
		return this.hidden?.[ordinal] !== 1;
	}

	/** 1 for every cutout there is to see, as long as the dataset. */
	shownMask(): Uint8Array {
		const { hidden } = this;
		const mask = new Uint8Array(this.n).fill(1);
		if (hidden) for (let o = 0; o < mask.length; o++) if (hidden[o]) mask[o] = 0;
		return mask;
	}

	/** How many cutouts carry a class, unsent labels included. */
	countOf(classId: number): number {
		this.labelRevision;
		return this.overlay.counts.get(classId) ?? 0;
	}

	columnByName(name: string): Column | undefined {
		const named = this.columns.filter((c) => c.name === name);
		return named.find((c) => c.model_version_id === this.info?.active_model_id) ?? named[0];
	}

	/** Values of a column; undefined until they have arrived (the read is followed). */
	values(name: string): TypedArray | undefined {
		const column = this.columnByName(name);
		const entry = this.#values.get(name);
		const fresh =
			entry &&
			column &&
			entry.column.id === column.id &&
			entry.column.revision === column.revision &&
			entry.pictures === this.pictures;
		const wanted = column && loadingKey(column, this.pictures);
		if (column && wanted && !fresh && this.#loading.get(name) !== wanted) {
			this.#loading.set(name, wanted);
			queueMicrotask(() => void this.#load(column));
		}
		return entry?.values;
	}

	/** Side of a cutout's pixels in µm; undefined where no instrument said it. */
	umPerPx(ordinal: number): number | undefined {
		const size = this.columnByName(PIXEL_SIZE) && this.values(PIXEL_SIZE)?.[ordinal];
		return size !== undefined && size > 0 ? size : undefined;
	}

	/** Facts of one cutout; undefined until they have arrived (the read is followed). */
	cutout(ordinal: number): CutoutInfo | undefined {
		return this.#cutouts.get(ordinal);
	}

	/** Whether the facts of a cutout are here or on their way. */
	knows(ordinal: number): boolean {
		return this.#asked.has(ordinal);
	}

	/** Have the facts of these cutouts fetched, those already known left out. */
	async loadCutouts(ordinals: ArrayLike<number>): Promise<void> {
		const id = this.id;
		const wanted = Array.from(ordinals).filter((o) => o >= 0 && !this.#asked.has(o));
		if (id === null || wanted.length === 0) return;
		for (const o of wanted) this.#asked.add(o);
		for (let i = 0; i < wanted.length; i += 500) {
			const some = wanted.slice(i, i + 500);
			const page = await given(
				api.GET("/api/v1/datasets/{dataset_id}/cutouts", {
					params: { path: { dataset_id: id }, query: { ordinals: some.join(",") } },
				}),
			).catch((error) => {
				for (const o of some) this.#asked.delete(o);
				throw error;
			});
			if (this.id !== id) return;
			for (const item of page.items) this.#cutouts.set(item.ordinal, item);
		}
	}

	async open(id: number): Promise<void> {
		this.close();
		const unsent = this.pendingOf(id).length;
		try {
			const [info, columns, labels, settings] = await Promise.all([
				fetchDataset(id),
				fetchColumns(id),
				fetchLabels(id),
				fetchSettings(id),
			]);
			const hidden = await fetchHidden(info);
			this.info = info;
			this.hidden = hidden;
			this.columns = columns;
			this.settings = settings;
			this.#lastActionId = labels.lastActionId;
			this.#known = info.revisions;
			this.#labelsAt = info.revisions.labels;
			this.#ownActions = 0;
			this.overlay.reset(labels.classIds, labels.flags, this.pendingOf(id));
			this.labelRevision++;
			this.ready = true;
			// What the outbox delivered while the labels were on their way is in neither of the two.
			if (unsent > 0) void this.#refreshLabels(id).catch(() => {});
		} catch (error) {
			this.error = error;
			return;
		}
		this.#stop = listen(
			id,
			(revisions) => void this.#follow(id, revisions),
			(connected) => {
				this.lost = !connected;
			},
		);
		void jobs.refresh(id);
	}

	close(): void {
		this.#stop?.();
		this.#stop = null;
		clearTimeout(this.#settling);
		this.info = null;
		this.columns = [];
		this.settings = NO_SETTINGS;
		this.error = null;
		this.ready = false;
		this.lost = false;
		this.hidden = null;
		this.#values.clear();
		this.#loading.clear();
		this.#cutouts.clear();
		this.#asked.clear();
		this.overlay.reset(new Int32Array(0), new Uint8Array(0), []);
		this.labelRevision++;
		jobs.clear();
	}

	/** Fetch the facts again (after a rename, a new class, a new active model). */
	async refresh(): Promise<void> {
		const id = this.id;
		if (id === null) return;
		const info = await fetchDataset(id);
		if (this.id !== id) return;
		this.info = info;
		this.#known = info.revisions;
		this.overlay.grow(info.n_cutouts);
		this.labelRevision++;
	}

	async refreshColumns(): Promise<void> {
		const id = this.id;
		if (id === null) return;
		const columns = await fetchColumns(id);
		if (this.id === id) this.columns = columns;
	}

	/**
	 * Replace whole parts of the settings; parts left out stay. Throws where the server refuses.
	 *
	 * @returns undo: puts the same parts back as they were
	 */
	async changeSettings(patch: SettingsPatch): Promise<() => Promise<void>> {
		const id = this.id;
		if (id === null) throw new Error("No dataset is open.");
		const before = Object.fromEntries(
			Object.keys(patch).map((part) => [
				part,
				this.settings[part as keyof DatasetSettings] ?? null,
			]),
		) as SettingsPatch;
		const put = async (parts: SettingsPatch) => {
			const settings = await given(
				api.PATCH("/api/v1/datasets/{dataset_id}/settings", {
					params: { path: { dataset_id: id } },
					body: parts,
				}),
			);
			if (this.id === id) this.settings = settings;
		};
		await put(patch);
		return () => put(before);
	}

	touched(): void {
		this.labelRevision++;
	}

	/** An action of this page was acknowledged; the event that tells of it is no news. */
	acknowledged(): void {
		this.#ownActions++;
	}

	/**
	 * Once labels rest for a moment: fetch what others did, unless every new revision was made here,
	 * and the facts that follow from labels. Not per label: keys come ten times a second.
	 */
	#settleLabels(id: number): void {
		clearTimeout(this.#settling);
		this.#settling = setTimeout(async () => {
			const revision = this.#known?.labels ?? 0;
			const foreign = revision - this.#labelsAt !== this.#ownActions;
			this.#labelsAt = revision;
			this.#ownActions = 0;
			try {
				if (foreign) await this.#refreshLabels(id);
				await this.refresh();
			} catch {
				this.#known = null;
			}
		}, 700);
	}

	/** Labels made elsewhere since the last look. */
	async #refreshLabels(id: number): Promise<void> {
		const since = await given(
			api.GET("/api/v1/datasets/{dataset_id}/labels/since", {
				params: { path: { dataset_id: id }, query: { action_id: this.#lastActionId } },
			}),
		);
		if (this.id !== id) return;
		this.#lastActionId = Math.max(this.#lastActionId, since.last_action_id);
		if (since.ordinals.length === 0) return;
		const effect: Effect = {
			ordinals: Int32Array.from(since.ordinals),
			classIds: Int32Array.from(since.class_ids),
			flags: Uint8Array.from(since.flags),
		};
		this.overlay.merge(effect);
		this.labelRevision++;
	}

	async #follow(id: number, now: Revisions): Promise<void> {
		const before = this.#known;
		this.#known = now;
		const changed = (what: keyof Revisions) => before?.[what] !== now[what];
		try {
			if (changed("jobs")) await jobs.refresh(id);
			if (changed("detections")) await this.#takeDetections(id);
			if (changed("cutouts") || changed("dataset") || changed("columns")) {
				await this.refresh();
				await this.refreshColumns();
			}
			if (changed("dataset")) {
				const settings = await fetchSettings(id);
				if (this.id === id) this.settings = settings;
			}
			if (changed("labels")) this.#settleLabels(id);
		} catch {
			// The stream repeats the revisions on reconnect; forget them, so that nothing is missed.
			this.#known = null;
		}
	}

	/** Another detection is current: labels, images and what is hidden are read anew. */
	async #takeDetections(id: number): Promise<void> {
		await this.refresh();
		const info = this.info;
		if (!info || info.id !== id) return;
		const [labels, hidden] = await Promise.all([fetchLabels(id), fetchHidden(info)]);
		if (this.id !== id) return;
		this.#lastActionId = Math.max(this.#lastActionId, labels.lastActionId);
		this.overlay.reset(labels.classIds, labels.flags, this.pendingOf(id));
		this.overlay.grow(info.n_cutouts);
		this.hidden = hidden;
		this.#cutouts.clear();
		this.#asked.clear();
		this.pictures++;
		this.labelRevision++;
	}

	async #load(column: Column): Promise<void> {
		const pictures = this.pictures;
		try {
			const read = await fetchColumn(column.id, column.revision);
			const values = withoutHidden(read, this.hidden, column.width);
			this.#values.set(column.name, { column, values, pictures });
		} catch {
			this.#loading.delete(column.name);
		}
	}
}

/** Which cutouts the current detections do not have; null for none. */
async function fetchHidden(info: Dataset): Promise<Uint8Array | null> {
	if (!info.n_retired) return null;
	const path = { dataset_id: info.id };
	const ordinals = await given(
		api.GET("/api/v1/datasets/{dataset_id}/retired", { params: { path } }),
	);
	const hidden = new Uint8Array(info.n_cutouts);
	for (const ordinal of ordinals) hidden[ordinal] = 1;
	return hidden;
}

/** No view counts, draws or sorts what has no value: that is all it takes to hide a cutout. */
function withoutHidden(values: TypedArray, hidden: Uint8Array | null, width: number): TypedArray {
	if (!hidden) return values;
	const masked = values.slice();
	const none = masked instanceof Float32Array || masked instanceof Float64Array ? Number.NaN : -2;
	for (let o = 0; o < hidden.length; o++) {
		if (hidden[o]) masked.fill(none, o * width, (o + 1) * width);
	}
	return masked;
}

function fetchDataset(id: number): Promise<Dataset> {
	return given(api.GET("/api/v1/datasets/{dataset_id}", { params: { path: { dataset_id: id } } }));
}

function fetchSettings(id: number): Promise<DatasetSettings> {
	return given(
		api.GET("/api/v1/datasets/{dataset_id}/settings", { params: { path: { dataset_id: id } } }),
	);
}

function fetchColumns(id: number): Promise<Column[]> {
	return given(
		api.GET("/api/v1/datasets/{dataset_id}/columns", { params: { path: { dataset_id: id } } }),
	);
}

function loadingKey(column: Column, pictures: number): string {
	return `${column.id} ${column.revision} ${pictures}`;
}

export const dataset = new DatasetState();
