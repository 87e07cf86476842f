/** Lengths and areas in µm beside those in pixels, where the size of a pixel is known. */
import { figure, pixelValue } from "./format";
import { scaleLength } from "./geometry";

/** The column that holds µm per pixel of every cutout; NaN where it is not known. */
export const PIXEL_SIZE = "um_per_px";
/** Counts of pixels that are areas, though their unit is px. */
const AREAS = ["pixels"];

interface Measured {
	name: string;
	unit?: string | null;
	group: string;
}

/** How a column goes with the side of a pixel: 1 a length, 2 an area, -1 one over a length. */
export function powerOf({ name, unit, group }: Measured): number {
	if (group !== "measurement") return 0;
	if (AREAS.includes(name)) return 2;
	return { px: 1, "px²": 2, px2: 2, "1/px": -1 }[unit ?? ""] ?? 0;
}

/** A value in µm: "12.3 µm"; "" for what is no length, and where no pixel size is known. */
export function inMicrons(
	value: number | undefined,
	column: Measured,
	umPerPx: number | undefined,
): string {
	const power = powerOf(column);
	if (!power || value === undefined || !Number.isFinite(value) || !known(umPerPx)) return "";
	const unit = { 1: "µm", 2: "µm²", [-1]: "1/µm" }[power];
	return `${pixelValue(value * umPerPx ** power)} ${unit}`;
}

/** A scale bar: its length in image pixels and in screen pixels, and what it says. */
export interface Scale {
	screen: number;
	text: string;
	spoken: string;
}

/**
 * The longest bar that is at most `most` screen pixels long: 1, 2 or 5 times a power of ten, in
 * µm where the size of a pixel is known (with the pixels beside), else in pixels.
 */
export function scaleBar(zoom: number, most: number, umPerPx?: number): Scale {
	if (!known(umPerPx)) {
		const length = scaleLength(zoom, most);
		return { screen: length * zoom, text: `${length} px`, spoken: `${length} pixels` };
	}
	const perMicron = zoom / umPerPx; // screen pixels
	let best = 0;
	for (let power = -6; power <= 6; power++)
		for (const step of [1, 2, 5]) {
			const length = Number(`${step}e${power}`);
			if (length * perMicron <= most) best = length;
		}
	const pixels = figure(best / umPerPx, 2);
	return {
		screen: best * perMicron,
		text: `${best} µm · ${pixels} px`,
		spoken: `${best} micrometres, ${pixels} pixels`,
	};
}

function known(umPerPx: number | undefined): umPerPx is number {
	return umPerPx !== undefined && Number.isFinite(umPerPx) && umPerPx > 0;
}
