/** Limits of the display stretch for a whole exposure: one pair for every level and every tile. */
import type { TypedArray } from "../api/binary";
import { type Limits, percentileLimits, type Stretch, zscaleLimits } from "./stretch";

/**
 * Tracks cover a per mille of a frame, so percentiles of all pixels would spread the noise over the
 * whole range. The bright end is a percentile of the pixels above the noise instead, taken from the
 * coarsest level (where each pixel is a maximum, so tracks are not missed), the dark end lies one
 * sigma below the baseline: noise stays a faint grain and tracks glow. zscale is left as it is known.
 *
 * @param native pixels of one native tile, baseline 0
 * @param coarse pixels of the coarsest level
 * @param noise standard deviation of the noise in the pixels' unit, null where it is not known
 * @param upper percentile of the bright end, 0..100
 */
export function exposureLimits(
	native: TypedArray,
	coarse: TypedArray,
	noise: number | null,
	stretch: Stretch,
	upper: number,
): Limits {
	if (stretch === "zscale") return zscaleLimits(native);
	const sigma = noise && noise > 0 ? noise : spread(native);
	const bright = Float32Array.from(coarse as ArrayLike<number>).filter((v) => v > ABOVE * sigma);
	const high = bright.length
		? percentileLimits(bright, 0, Math.max(0, upper - HEADROOM)).high
		: 10 * ABOVE * sigma;
	return { low: -sigma, high: Math.max(high, ABOVE * sigma, -sigma + 1e-6) };
}

/** In sigma; the usual threshold of a footprint is 6. */
const ABOVE = 5;
/** Percent. The brightest fifth of track pixels are a few worms and would leave muons dim. */
const HEADROOM = 20;

/** Robust standard deviation: from the 16th to the 50th percentile, where tracks do not reach. */
function spread(values: TypedArray): number {
	const { low, high } = percentileLimits(values, 15.87, 50);
	return Math.max(high - low, 1e-6);
}
