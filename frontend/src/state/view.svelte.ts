/** How images are shown, everywhere alike. Kept in this browser; never part of the data. */
import { COLORMAPS, type Colormap } from "../lib/colormaps";
import type { Appearance } from "../lib/paint";
import { load, save } from "../lib/stored";
import { STRETCHES, type Stretch } from "../lib/stretch";

export type ZoomMode = "native" | "fit";

/** Upper percentile of the stretch; the lower one is the minimum, which in a cutout is the noise. */
export const UPPER_PERCENTILES = [100, 99.9, 99.5, 99, 95] as const;

interface Stored {
	stretch: Stretch;
	colormap: Colormap;
	invert: boolean;
	zoomMode: ZoomMode;
	upper: number;
	nativeZoom: number;
	turned: boolean;
}

const DEFAULTS: Stored = {
	stretch: "asinh",
	colormap: "grey",
	invert: false,
	zoomMode: "native",
	upper: 99.5,
	nativeZoom: 3,
	turned: false,
};

class ViewState implements Appearance {
	#stored = $state<Stored>({ ...DEFAULTS, ...load<Partial<Stored>>("view", {}) });

	get stretch(): Stretch {
		return this.#stored.stretch;
	}
	set stretch(stretch: Stretch) {
		this.#change({ stretch });
	}
	get colormap(): Colormap {
		return this.#stored.colormap;
	}
	set colormap(colormap: Colormap) {
		this.#change({ colormap });
	}
	get invert(): boolean {
		return this.#stored.invert;
	}
	set invert(invert: boolean) {
		this.#change({ invert });
	}
	get zoomMode(): ZoomMode {
		return this.#stored.zoomMode;
	}
	set zoomMode(zoomMode: ZoomMode) {
		this.#change({ zoomMode });
	}
	get upper(): number {
		return this.#stored.upper;
	}
	set upper(upper: number) {
		this.#change({ upper });
	}
	/** Screen pixels per image pixel where all images share one scale. */
	get nativeZoom(): number {
		return this.#stored.nativeZoom;
	}
	set nativeZoom(nativeZoom: number) {
		this.#change({ nativeZoom: Math.min(16, Math.max(1, Math.round(nativeZoom))) });
	}
	/** Whether first rows are drawn where their files do not mean them. */
	get turned(): boolean {
		return this.#stored.turned;
	}
	get percentiles(): readonly [number, number] {
		return [0, this.#stored.upper];
	}

	cycleStretch(): void {
		this.stretch = next(STRETCHES, this.stretch);
	}
	cycleColormap(): void {
		this.colormap = next(COLORMAPS, this.colormap);
	}
	cycleUpper(): void {
		this.upper = next(UPPER_PERCENTILES, this.upper as (typeof UPPER_PERCENTILES)[number]);
	}
	toggleInvert(): void {
		this.invert = !this.invert;
	}
	toggleTurned(): void {
		this.#change({ turned: !this.turned });
	}
	toggleZoom(): void {
		this.zoomMode = this.zoomMode === "native" ? "fit" : "native";
	}

	#change(part: Partial<Stored>): void {
		this.#stored = { ...this.#stored, ...part };
		save("view", this.#stored);
	}
}

function next<T>(list: readonly T[], value: T): T {
	return list[(list.indexOf(value) + 1) % list.length] as T;
}

export const view = new ViewState();
