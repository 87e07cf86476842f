/** A slider's steps and the thresholds they mean: logarithmic, so that 3 and 30 are as far apart as
 * 30 and 300. */

export const STEPS = 400;

/** The threshold of a step, rounded as one would type it, never below `least`. */
export function thresholdAt(step: number, least: number, most: number): number {
	const raw = least * (most / least) ** (step / STEPS);
	return Math.max(least, Number(raw.toFixed(raw < 10 ? 1 : 0)));
}

/** The step nearest to a threshold. */
export function stepOf(value: number, least: number, most: number): number {
	const step = Math.round((STEPS * Math.log((value || least) / least)) / Math.log(most / least));
	return Math.min(STEPS, Math.max(0, step));
}
