/** What the Explore page shows and selects: colour, axes, cuts, strokes of the lasso, order. */
import type { TypedArray } from "../../api/binary";
import type { Column } from "../../api/types";
import { applyCut, applyNames, type Cut, formatCuts, isRange } from "../../lib/cuts";
import { ordinalsOf } from "../../lib/order";
import { load, save } from "../../lib/stored";
import type { LassoMode } from "../../scatter/lasso";
import { dataset } from "../../state/dataset.svelte";
import { type How, record } from "../../state/labels.svelte";
import { selection } from "../../state/selection.svelte";
import { suggestions } from "../../state/suggestions.svelte";
import { view } from "../../state/view.svelte";
import { namedColumn } from "./cutNames.svelte";

/** What colours the map; `auto` is classes once there are labels, clusters before. */
export type ColourBy = "auto" | "class" | "suggestion" | "cluster" | `column:${string}`;

export interface Stroke {
	mode: LassoMode;
	/** closed polygon in map coordinates, x0, y0, x1, y1 … */
	polygon: number[];
}

/** Histograms shown at first where a dataset has such columns, in this order. */
const FIRST = ["charge", "length", "straightness", "rms_width", "curvature", "peak", "pixels"];
const MOST_AT_FIRST = 6;

const NUMBERS = new Set(["float32", "float64", "int32", "int16", "uint8"]);

/** Columns with one number per cutout. */
export function numberColumns(): Column[] {
	return dataset.columns.filter((c) => c.width === 1 && NUMBERS.has(c.dtype));
}

class ExploreState {
	colourBy = $state<ColourBy>(load<ColourBy>("explore.colour", "auto"));
	tool = $state<LassoMode | "pan">("pan");
	cuts = $state.raw<Cut[]>([]);
	strokes = $state.raw<Stroke[]>([]);
	picked = $state.raw<ReadonlySet<number>>(new Set());
	/** Column the gallery is sorted by; "" = cutout order. */
	sortBy = $state("");
	descending = $state(true);
	/** Two columns to draw instead of the map. */
	axes = $state.raw<{ x: string; y: string } | null>(null);
	/** The lasso has been used in this browser: its hint is not needed any more. */
	lassoKnown = $state(load("explore.lassoKnown", false));
	thumbnails = $state(load("explore.thumbnails", true));
	/** What stands beside the map. */
	side = $state<"selection" | "clusters">(load("explore.side", "selection"));
	/** The form of a new map is open. */
	makingMap = $state(false);
	logCounts = $state.raw<Record<string, boolean>>(load("explore.log", {}));
	/** Screen pixels per image pixel in the gallery; null = what suits the dataset. */
	scale = $state<number | null>(null);
	#histograms = $state.raw<string[] | null>(load<string[] | null>("explore.histograms", null));
	#datasetId: number | null = null;

	/** What `colourBy` comes to. */
	colouredBy = $derived.by((): Exclude<ColourBy, "auto"> => {
		const wanted = this.colourBy;
		const has = (name: string) => dataset.columnByName(name) !== undefined;
		if (wanted === "suggestion" && has("predicted")) return wanted;
		if (wanted === "cluster" && has("cluster")) return wanted;
		if (wanted === "class") return wanted;
		if (wanted.startsWith("column:") && has(wanted.slice(7))) return wanted as `column:${string}`;
		return dataset.nLabelled === 0 && has("cluster") ? "cluster" : "class";
	});

	histograms = $derived.by((): string[] => {
		const columns = numberColumns();
		const known = new Set(columns.map((c) => c.name));
		const chosen = this.#histograms?.filter((name) => known.has(name));
		if (chosen?.length) return chosen;
		const first = FIRST.filter((name) => known.has(name));
		const others = columns
			.filter((c) => c.group === "measurement" || c.group === "metadata")
			.map((c) => c.name)
			.filter((name) => !first.includes(name));
		return [...first, ...others].slice(0, MOST_AT_FIRST);
	});

	/** 1 where every cut is passed; null without cuts, or while a column is on its way. */
	passing = $derived.by((): Uint8Array | null => {
		if (!this.cuts.length) return null;
		const mask = dataset.shownMask();
		for (const cut of this.cuts) {
			if (!isRange(cut)) {
				const named = namedColumn(cut.column);
				if (!named?.codes) return null;
				const wanted = cut.names.flatMap((name) => named.places.get(name) ?? []);
				applyNames(mask, named.codes, new Set(wanted), cut.out);
				continue;
			}
			const values = dataset.values(cut.column);
			if (!values) return null;
			applyCut(mask, values, cut);
		}
		return mask;
	});

	/** 1 = lit: in the selection and past the cuts; null = everything is. */
	lit = $derived.by((): Uint8Array | null => {
		const chosen = selection.mask;
		const passing = this.passing;
		if (!chosen || chosen.length !== dataset.n) return passing;
		if (!passing) return chosen;
		const lit = chosen.slice();
		for (let i = 0; i < lit.length; i++) (lit[i] as number) &= passing[i] as number;
		return lit;
	});

	/** What the gallery shows: the lit cutouts, in cutout order. */
	ordinals = $derived(
		this.lit === null
			? dataset.shown
			: this.lit === selection.mask && selection.ordinals
				? selection.ordinals
				: ordinalsOf(this.lit),
	);

	sortValues = $derived<TypedArray | undefined>(
		this.sortBy ? dataset.values(this.sortBy) : undefined,
	);

	cutText = $derived(formatCuts(this.cuts));

	/** Which cutouts a class key acts on: the picked ones, else the selection, else the current one. */
	target = $derived.by((): { kind: "picked" | "selection" | "current" | "none"; n: number } => {
		if (this.picked.size) return { kind: "picked", n: this.picked.size };
		if (this.lit) return { kind: "selection", n: this.ordinals.length };
		if (selection.current >= 0) return { kind: "current", n: 1 };
		return { kind: "none", n: 0 };
	});

	/** Forget what belonged to another dataset. */
	enter(): void {
		if (this.#datasetId === dataset.id) return;
		this.#datasetId = dataset.id;
		this.cuts = [];
		this.strokes = [];
		this.picked = new Set();
		this.axes = null;
		this.sortBy = "";
		this.scale = load<number | null>(`explore.scale.${dataset.id}`, null);
	}

	setColour(by: ColourBy): void {
		this.colourBy = by;
		save("explore.colour", by);
	}

	setScale(scale: number): void {
		this.scale = Math.max(1, Math.min(16, scale));
		save(`explore.scale.${dataset.id}`, this.scale);
	}

	setSide(side: "selection" | "clusters"): void {
		this.side = side;
		save("explore.side", side);
	}

	makeMap(): void {
		this.makingMap = true;
		this.setSide("clusters");
	}

	toggleThumbnails(): void {
		this.thumbnails = !this.thumbnails;
		save("explore.thumbnails", this.thumbnails);
	}

	setHistograms(names: string[]): void {
		this.#histograms = names;
		save("explore.histograms", names);
	}

	toggleLog(name: string): void {
		this.logCounts = { ...this.logCounts, [name]: !this.logCounts[name] };
		save("explore.log", this.logCounts);
	}

	setCut(column: string, ends: readonly [number, number] | null): void {
		const same = (cut: Cut) => cut.column === column && isRange(cut);
		const others = this.cuts.filter((cut) => !same(cut));
		const at = this.cuts.findIndex(same);
		if (!ends) this.cuts = others;
		else {
			const cut = { column, low: ends[0], high: ends[1] };
			this.cuts = at < 0 ? [...others, cut] : this.cuts.with(at, cut);
		}
		this.picked = new Set();
	}

	lasso(polygon: number[], ordinals: Int32Array, mode: LassoMode): void {
		this.select(ordinals, mode, "lasso");
		if (!this.lassoKnown) {
			this.lassoKnown = true;
			save("explore.lassoKnown", true);
		}
		if (!selection.mask) this.strokes = [];
		else if (mode === "new") this.strokes = [{ mode, polygon }];
		else this.strokes = [...this.strokes, { mode, polygon }];
	}

	/** Take cutouts as (or into, or out of) the selection. */
	select(ordinals: Int32Array, mode: LassoMode, how: How): void {
		if (mode === "new") {
			selection.set(ordinals, how);
			this.strokes = [];
		} else if (mode === "add") selection.add(ordinals, how);
		else {
			// taking away from "everything" leaves the others selected
			if (!selection.mask) selection.set(dataset.shown, how);
			selection.subtract(ordinals, how);
		}
		this.picked = new Set();
	}

	invert(): void {
		const mask = selection.mask;
		if (!mask) return;
		const inverse = new Uint8Array(mask.length);
		for (let i = 0; i < mask.length; i++) inverse[i] = mask[i] ? 0 : 1;
		selection.set(ordinalsOf(inverse), selection.how || "lasso");
		this.picked = new Set();
	}

	/** Step back: picks first, then selection and cuts. */
	clear(): void {
		if (this.picked.size) {
			this.picked = new Set();
			return;
		}
		selection.clear();
		this.cuts = [];
		this.strokes = [];
	}

	/** Judge what the class keys act on: one action, one undo, however many cutouts. */
	assign(judgement: { classId?: number | null; dubious?: boolean }): number {
		const { kind, n } = this.target;
		if (kind === "none" || n === 0) return 0;
		const ordinals =
			kind === "picked"
				? Int32Array.from(this.picked).sort()
				: kind === "selection"
					? this.ordinals
					: Int32Array.of(selection.current);
		const how: How =
			kind === "selection"
				? selection.mask
					? ((selection.how as How) ?? "lasso")
					: "gallery"
				: kind === "picked"
					? "gallery"
					: "key";
		return record(ordinals, judgement, how, this.#context(kind)) ? n : 0;
	}

	/** How the selection came about, so that a label can be traced and the selection made again. */
	#context(kind: string): Record<string, unknown> {
		const map = dataset.columnByName("map");
		const context: Record<string, unknown> = { view: "explore", acted_on: kind };
		if (kind === "current") return context;
		if (this.axes) context.axes = [this.axes.x, this.axes.y];
		else if (map) context.map = { column_id: map.id, revision: map.revision };
		if (selection.mask) context.selected_by = selection.how;
		if (this.strokes.length && selection.mask) context.lasso = this.strokes;
		if (this.cuts.length) context.cuts = this.cutText;
		const seen = this.colouredBy === "suggestion" || suggestions.visible;
		context.model_version_visible = seen ? suggestions.modelId : null;
		context.stretch = view.stretch;
		context.colormap = view.colormap;
		return context;
	}
}

export const explore = new ExploreState();
