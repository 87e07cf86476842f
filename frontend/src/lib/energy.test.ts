import { describe, expect, test } from "vitest";
import {
	calibrate,
	inKeV,
	inOtherUnits,
	isCharge,
	SILICON,
	scale,
	shownIn,
	shownUnit,
} from "./energy";

const calibration = { gain: 1.2, ev_per_electron: 3.77 };

describe("the energy scale", () => {
	test("takes ADU to electrons by the gain and to keV by the energy per electron", () => {
		expect(scale("ADU", "electron", calibration)).toBeCloseTo(1.2);
		expect(scale("ADU", "keV", calibration)).toBeCloseTo(0.004524);
		expect(scale("ADU/px", "keV", calibration)).toBeCloseTo(0.004524);
		expect(shownUnit("ADU/px", "keV")).toBe("keV/px");
		expect(inKeV(1000, "ADU", calibration)).toBe("4.52 keV");
		expect(inOtherUnits(1000, "ADU", calibration)).toBe("1\u202f200 e⁻ · 4.52 keV");
	});

	test("leaves alone what is no charge, and knows nothing before it is calibrated", () => {
		expect(isCharge("px")).toBe(false);
		expect(inKeV(40, "px", calibration)).toBe("");
		expect(inKeV(40, "ADU", null)).toBe("");
		expect(shownIn("ADU", null)).toEqual(["stored"]);
		expect(shownIn("ADU", calibration)).toEqual(["stored", "electron", "keV"]);
		expect(shownIn("electron", { gain: 1 })).toEqual(["stored", "keV"]);
		expect(scale("electron", "keV", { gain: 1 })).toBeCloseTo(SILICON / 1000);
		expect(scale("e⁻", "electron", null)).toBe(1);
		// a gain belongs to ADU: exposures of both kinds may lie in one dataset
		expect(scale("electron", "keV", calibration)).toBeCloseTo(0.00377);
		expect(inKeV(Number.NaN, "ADU", calibration)).toBe("");
	});

	test("a peak at a line gives the gain, of electrons the energy of each", () => {
		const adu = calibrate(1250, 5.895, "ADU");
		expect(adu.ev_per_electron).toBe(SILICON);
		expect(1250 * (scale("ADU", "keV", adu) ?? 0)).toBeCloseTo(5.895, 6);
		const electrons = calibrate(1572, 5.895, "electron");
		expect(electrons.gain).toBe(1);
		expect(1572 * (scale("electron", "keV", electrons) ?? 0)).toBeCloseTo(5.895, 6);
	});
});
