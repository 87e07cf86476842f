import { describe, expect, test } from "vitest";
import { FWHM, fitPeak, fitted, type PeakFit } from "./fitPeak";
import { count, edges } from "./spectrum";

/** Uniform in 0..1 with a seed (mulberry32), so that a failure can be seen again. */
function uniform(seed: number): () => number {
	let state = seed;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let t = Math.imul(state ^ (state >>> 15), 1 | state);
		t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
		return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
	};
}

function normal(random: () => number): number {
	return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** A line at 1565 ± 40 ADU of about `n` events on a falling background. */
function spectrum(seed: number, n: number, background: number): number[] {
	const random = uniform(seed);
	const poisson = (mean: number) =>
		Math.max(0, Math.round(mean + Math.sqrt(mean) * normal(random)));
	const values: number[] = [];
	for (let k = poisson(n); k > 0; k--) values.push(1565 + 40 * normal(random));
	// density falls from 1.5 to 0.5 of its mean over 1300..1900
	for (let k = poisson(background); k > 0; ) {
		const x = random();
		if (random() * 1.5 < 1.5 - x) {
			values.push(1300 + 600 * x);
			k--;
		}
	}
	return values;
}

const axis = { low: 1300, high: 1900, log: false, bins: 60 };

function fitOf(seed: number, n = 800, background = 600, on = axis): PeakFit {
	const fit = fitPeak(
		edges(on),
		count(spectrum(seed, n, background), 1, on).counts,
		on.low,
		on.high,
	);
	if (!fit.ok) throw new Error(fit.why);
	return fit;
}

describe("fitting a line", () => {
	test("finds what was put in, to the errors it states", () => {
		const fit = fitOf(1, 20000, 10000);
		expect(Math.abs(fit.mean - 1565)).toBeLessThan(3 * fit.meanError);
		expect(Math.abs(fit.sigma - 40)).toBeLessThan(3 * fit.sigmaError);
		expect(fit.meanError).toBeGreaterThan(0.2);
		expect(fit.meanError).toBeLessThan(0.5);
		expect(fit.ndf).toBe(55);
		expect(fit.chi2 / fit.ndf).toBeLessThan(1.6);
		expect(FWHM).toBeCloseTo(2.3548, 4);
		const whole = (fitted(fit, 1565).whole - fitted(fit, 1565).background) * 40 * 2.5066;
		expect(whole / 20000).toBeCloseTo(1, 1);
	});

	test("has pulls of mean 0 and width 1, and the χ² of its degrees of freedom", () => {
		const fits = Array.from({ length: 300 }, (_, k) => fitOf(100 + k));
		const about = (pulls: number[]) => {
			const mean = pulls.reduce((a, b) => a + b, 0) / pulls.length;
			return {
				mean,
				width: Math.sqrt(pulls.reduce((a, b) => a + (b - mean) ** 2, 0) / pulls.length),
			};
		};
		for (const pull of [
			about(fits.map((f) => (f.mean - 1565) / f.meanError)),
			about(fits.map((f) => (f.sigma - 40) / f.sigmaError)),
		]) {
			// 300 pulls: their mean is known to 0.06, their width to 0.04
			expect(Math.abs(pull.mean)).toBeLessThan(0.2);
			expect(Math.abs(pull.width - 1)).toBeLessThan(0.15);
		}
		const area = about(fits.map((f) => (f.area - 800) / f.areaError));
		expect(Math.abs(area.mean)).toBeLessThan(0.2);
		const reduced = fits.reduce((sum, f) => sum + f.chi2 / f.ndf, 0) / fits.length;
		expect(Math.abs(reduced - 1)).toBeLessThan(0.08);
	});

	test("is not led astray by logarithmic bins, wide bins or a scale of keV", () => {
		const log = fitOf(7, 20000, 5000, { ...axis, log: true, bins: 40 });
		expect(Math.abs(log.mean - 1565)).toBeLessThan(3.5 * log.meanError);
		const wide = fitOf(8, 20000, 5000, { ...axis, bins: 15 });
		expect(Math.abs(wide.mean - 1565)).toBeLessThan(3.5 * wide.meanError);
		expect(Math.abs(wide.sigma - 40)).toBeLessThan(3.5 * wide.sigmaError);
		const factor = 5.895 / 1565;
		const small = { ...axis, low: 1300 * factor, high: 1900 * factor };
		const values = spectrum(1, 800, 600);
		const one = fitPeak(edges(axis), count(values, 1, axis).counts, 1300, 1900);
		const other = fitPeak(edges(small), count(values, factor, small).counts, small.low, small.high);
		expect(one.ok && other.ok && other.mean / one.mean / factor).toBeCloseTo(1, 6);
	});

	test("a peak without background is found too", () => {
		const fit = fitOf(3, 500, 0);
		expect(Math.abs(fit.mean - 1565)).toBeLessThan(3 * fit.meanError);
		expect(Math.abs(fit.sigma - 40)).toBeLessThan(3 * fit.sigmaError);
	});

	test("says why where there is no fit", () => {
		const none = fitPeak(edges(axis), count(spectrum(4, 0, 4000), 1, axis).counts, 1300, 1900);
		expect(none.ok).toBe(false);
		const few = fitPeak(edges(axis), count(spectrum(5, 10, 5), 1, axis).counts, 1300, 1900);
		expect(few).toMatchObject({ ok: false, why: expect.stringContaining("counts") });
		const narrow = fitPeak(edges(axis), count(spectrum(6, 800, 0), 1, axis).counts, 1500, 1550);
		expect(narrow).toMatchObject({ ok: false, why: expect.stringContaining("5 bins") });
	});
});
