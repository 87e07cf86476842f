/** The spectrum of what Explore has lit: its axis, its counts, the brush and the fit within it. */
import type { Column } from "../../api/types";
import { isCharge, type Shown, scale, shownIn, shownUnit } from "../../lib/energy";
import { type FitOutcome, fitPeak } from "../../lib/fitPeak";
import { wantsLog } from "../../lib/quantiles";
import { type Axis, axisOf, count, edges, type Spectrum } from "../../lib/spectrum";
import { load, save } from "../../lib/stored";
import { dataset } from "../../state/dataset.svelte";
import { energy } from "../../state/energy.svelte";
import { explore, numberColumns } from "./explore.svelte";

export const FEWEST_BINS = 10;
export const MOST_BINS = 400;

export interface ClassSpectrum {
	readonly name: string;
	readonly colour: string;
	readonly ordinal: number;
	readonly counts: Float64Array;
	readonly n: number;
}

class SpectrumState {
	open = $state(load("spectrum.open", false));
	#column = $state(load("spectrum.column", "charge"));
	#unit = $state<Shown>(load<Shown>("spectrum.unit", "keV"));
	/** null: as the values want it, until somebody chooses. */
	#logX = $state<boolean | null>(load<boolean | null>("spectrum.logX", null));
	logY = $state(load("spectrum.logY", false));
	bins = $state(load("spectrum.bins", 80));
	byClass = $state(load("spectrum.byClass", false));
	/** Part of the axis shown, and brushed, in the column's own unit: another unit keeps them. */
	#range = $state.raw<[number, number] | null>(null);
	#brush = $state.raw<[number, number] | null>(null);
	/** A fit is wanted of what is brushed; it follows selection, bins and brush. */
	fitting = $state(false);
	#of: number | null = null;

	column = $derived.by((): Column | undefined => {
		const columns = numberColumns();
		return (
			columns.find((c) => c.name === this.#column) ??
			columns.find((c) => isCharge(c.unit)) ??
			columns[0]
		);
	});
	units = $derived(shownIn(this.column?.unit, energy.calibration));
	unit = $derived<Shown>(this.units.includes(this.#unit) ? this.#unit : "stored");
	unitText = $derived(shownUnit(this.column?.unit, this.unit));
	factor = $derived(scale(this.column?.unit, this.unit, energy.calibration) ?? 1);
	values = $derived(this.column ? dataset.values(this.column.name) : undefined);

	logX = $derived.by((): boolean => {
		if (this.#logX !== null) return this.#logX;
		// Within less than a decade, as around a line, equal steps are easier to read.
		const narrow = this.#range && this.#range[1] < 10 * this.#range[0];
		return !narrow && this.values !== undefined && wantsLog(this.values);
	});
	axis = $derived.by((): Axis | null => {
		if (!this.values) return null;
		const whole = axisOf(this.values, this.factor, this.logX, this.bins);
		const [low, high] = this.range ?? [];
		if (!whole || low === undefined || high === undefined) return whole;
		return { ...whole, low: this.logX && low <= 0 ? Math.min(whole.low, high / 2) : low, high };
	});
	edges = $derived(this.axis ? edges(this.axis) : null);
	all = $derived.by((): Spectrum | null =>
		this.values && this.axis ? count(this.values, this.factor, this.axis) : null,
	);
	/** Of the selection past the cuts; the same as `all` where nothing is selected. */
	front = $derived.by((): Spectrum | null =>
		this.values && this.axis && explore.lit
			? count(this.values, this.factor, this.axis, explore.lit)
			: this.all,
	);
	classes = $derived.by((): ClassSpectrum[] => {
		const { values, axis, factor } = this;
		if (!this.byClass || !values || !axis) return [];
		const labels = dataset.labels;
		const lit = explore.lit;
		return dataset.classes
			.map(({ id, name, colour, ordinal }) => {
				const mask = Uint8Array.from(labels, (label, i) =>
					label === id && (!lit || lit[i]) ? 1 : 0,
				);
				const { counts, n } = count(values, factor, axis, mask);
				return { name, colour, ordinal, counts, n };
			})
			.filter((one) => one.n > 0);
	});
	fit = $derived.by((): FitOutcome | null => {
		if (!this.fitting || !this.brush || !this.edges || !this.front) return null;
		return fitPeak(this.edges, this.front.counts, ...this.brush);
	});

	get range(): [number, number] | null {
		return this.#range && [this.#range[0] * this.factor, this.#range[1] * this.factor];
	}
	get brush(): [number, number] | null {
		return this.#brush && [this.#brush[0] * this.factor, this.#brush[1] * this.factor];
	}

	/** Forget what belonged to another dataset. */
	enter(): void {
		if (this.#of === dataset.id) return;
		this.#of = dataset.id;
		this.#range = null;
		this.setBrush(null);
	}

	setOpen(open: boolean): void {
		this.open = open;
		save("spectrum.open", open);
	}
	setColumn(name: string): void {
		this.#column = name;
		save("spectrum.column", name);
		this.#range = null;
		this.setBrush(null);
	}
	setUnit(unit: Shown): void {
		this.#unit = unit;
		save("spectrum.unit", unit);
	}
	setBins(bins: number): void {
		if (!Number.isFinite(bins)) return;
		this.bins = Math.max(FEWEST_BINS, Math.min(MOST_BINS, Math.round(bins)));
		save("spectrum.bins", this.bins);
	}
	toggle(what: "logY" | "byClass"): void {
		this[what] = !this[what];
		save(`spectrum.${what}`, this[what]);
	}
	toggleLogX(): void {
		this.#logX = !this.logX;
		save("spectrum.logX", this.#logX);
	}
	/** Ends in the unit shown. */
	setBrush(ends: readonly [number, number] | null): void {
		this.#brush = ends && [ends[0] / this.factor, ends[1] / this.factor];
		if (!ends) this.fitting = false;
	}
	/** Show only what is brushed. */
	zoom(): void {
		if (!this.#brush) return;
		this.#range = this.#brush;
		this.setBrush(null);
	}
	showAll(): void {
		this.#range = null;
	}
	/** Cut on what is brushed, in the column's own unit. */
	cut(): void {
		if (!this.#brush || !this.column) return;
		const [low, high] = this.#brush.map((end) => Number(end.toPrecision(6))) as [number, number];
		explore.setCut(this.column.name, [low, high]);
	}
}

export const spectrum = new SpectrumState();
