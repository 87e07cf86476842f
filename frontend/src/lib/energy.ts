/**
 * The energy scale: pixel values and charges as electrons or keV. Stored columns never change.
 *
 * electrons = value · gain, keV = electrons · eV per electron / 1000. Values already in
 * electrons take no gain.
 */

import { figure } from "./format";

export interface Calibration {
	/** e⁻ per stored unit */
	readonly gain: number;
	/** mean energy per electron-hole pair, eV */
	readonly ev_per_electron?: number;
	readonly source?: string;
}

/**
 * Silicon's mean energy per electron-hole pair, as used by the CCD dark matter searches; Rodrigues et
 * al. 2021 measured 3.749 ± 0.001 eV at 123 K and 5.9 keV with a Skipper CCD.
 */
export const SILICON = 3.77;

export type Shown = "stored" | "electron" | "keV";

/** Lines to calibrate with, keV: Kα as the mean of Kα1 and Kα2 weighted 2:1. */
export const LINES: readonly { name: string; keV: number }[] = [
	{ name: "Al Kα", keV: 1.487 },
	{ name: "Si Kα", keV: 1.74 },
	{ name: "Ti Kα", keV: 4.509 },
	{ name: "Mn Kα (Fe-55)", keV: 5.895 },
	{ name: "Mn Kβ (Fe-55)", keV: 6.49 },
	{ name: "Fe Kα", keV: 6.399 },
	{ name: "Cu Kα", keV: 8.041 },
	{ name: "Cu Kβ", keV: 8.905 },
	{ name: "Am-241 γ", keV: 59.541 },
];

const NAMES: Record<string, string> = { electron: "e⁻", electrons: "e⁻", "e-": "e⁻" };
/** Units a charge is stored in; `value` where an import did not say. */
const STORED = new Set(["ADU", "adu", "DN", "value", "electron", "electrons", "e-", "e⁻"]);

/** A unit as it is written on the screen. */
export function unitName(unit: string | null | undefined): string {
	return unit ? (NAMES[unit] ?? unit) : "";
}

/** Whether values of this unit are charge, or charge per pixel, which an energy scale applies to. A
 * rate, such as electron/s, is none: how long it lasted is the exposure's. */
export function isCharge(unit: string | null | undefined): boolean {
	const [charge, per] = (unit ?? "").split("/");
	return STORED.has(charge ?? "") && (per === undefined || per === "px");
}

function isElectrons(unit: string): boolean {
	return unitName(unit.split("/")[0]) === "e⁻";
}

/** What a stored value is multiplied with to be in another unit; null where that is not known. */
export function scale(
	unit: string | null | undefined,
	to: Shown,
	calibration: Calibration | null | undefined,
): number | null {
	if (to === "stored") return 1;
	if (!unit || !isCharge(unit)) return null;
	const electrons = isElectrons(unit) ? 1 : calibration?.gain;
	if (electrons === undefined || (to === "keV" && !calibration)) return null;
	return to === "electron" ? electrons : (electrons * energyPerElectron(calibration)) / 1000;
}

export function energyPerElectron(calibration: Calibration | null | undefined): number {
	return calibration?.ev_per_electron ?? SILICON;
}

/** Name of a unit as shown: `ADU/px` in keV is `keV/px`. */
export function shownUnit(unit: string | null | undefined, to: Shown): string {
	if (to === "stored") return unitName(unit);
	const [, per] = (unit ?? "").split("/");
	return `${to === "electron" ? "e⁻" : "keV"}${per ? `/${per}` : ""}`;
}

/** Units a column can be shown in, its own first. */
export function shownIn(
	unit: string | null | undefined,
	calibration: Calibration | null | undefined,
): Shown[] {
	const also = (["electron", "keV"] as const).filter(
		(to) =>
			scale(unit, to, calibration) !== null && !(to === "electron" && isElectrons(unit ?? "")),
	);
	return ["stored", ...also];
}

/** A value in keV, "5.90 keV"; "" without a calibration or for values that are no charge. */
export function inKeV(
	value: number | undefined,
	unit: string | null | undefined,
	calibration: Calibration | null | undefined,
): string {
	const factor = scale(unit, "keV", calibration);
	if (factor === null || value === undefined || !Number.isFinite(value)) return "";
	return `${figure(value * factor)} ${shownUnit(unit, "keV")}`;
}

/** A value in all further units it has: "1 565 e⁻ · 5.90 keV". */
export function inOtherUnits(
	value: number | undefined,
	unit: string | null | undefined,
	calibration: Calibration | null | undefined,
): string {
	if (value === undefined || !Number.isFinite(value)) return "";
	return shownIn(unit, calibration)
		.slice(1)
		.map((to) => `${figure(value * (scale(unit, to, calibration) ?? 1))} ${shownUnit(unit, to)}`)
		.join(" · ");
}

/**
 * The calibration that puts a peak at a line. Of a column in electrons the gain stays 1 and the
 * energy per electron follows; otherwise that of silicon (or the one given) holds and the gain does.
 *
 * @param peak  position in the stored unit
 */
export function calibrate(
	peak: number,
	keV: number,
	unit: string | null | undefined,
	evPerElectron = SILICON,
): { gain: number; ev_per_electron: number } {
	return isElectrons(unit ?? "")
		? { gain: 1, ev_per_electron: rounded((1000 * keV) / peak) }
		: { gain: rounded((1000 * keV) / (evPerElectron * peak)), ev_per_electron: evPerElectron };
}

function rounded(value: number): number {
	return Number(value.toPrecision(8));
}
