/** Charge along a track: pixels projected on the principal axis and summed in steps of a pixel. */

export interface Profile {
	/** Charge per pixel length along the track [n], in the unit of the pixels. */
	charge: Float64Array;
	/** Direction of the axis in radians, x to the right, y downwards. */
	angle: number;
}

/**
 * Project the pixels of a footprint on its charge-weighted principal axis.
 *
 * @param pixels row-major [height * width], NaN allowed
 * @param mask non-zero where the footprint is, or null for every finite positive pixel
 */
export function chargeProfile(
	pixels: ArrayLike<number>,
	mask: ArrayLike<number> | null,
	height: number,
	width: number,
): Profile {
	let total = 0;
	let mx = 0;
	let my = 0;
	const weight = (i: number) => {
		const value = Number(pixels[i] ?? Number.NaN);
		if (!Number.isFinite(value) || (mask ? !mask[i] : value <= 0)) return 0;
		return Math.max(value, 0);
	};
	for (let i = 0; i < height * width; i++) {
		const w = weight(i);
		total += w;
		mx += w * (i % width);
		my += w * Math.floor(i / width);
	}
	if (total <= 0) return { charge: new Float64Array(0), angle: 0 };
	mx /= total;
	my /= total;
	let xx = 0;
	let xy = 0;
	let yy = 0;
	for (let i = 0; i < height * width; i++) {
		const w = weight(i);
		const dx = (i % width) - mx;
		const dy = Math.floor(i / width) - my;
		xx += w * dx * dx;
		xy += w * dx * dy;
		yy += w * dy * dy;
	}
	const angle = 0.5 * Math.atan2(2 * xy, xx - yy);
	return { charge: project(pixels, mask, height, width, angle), angle };
}

function project(
	pixels: ArrayLike<number>,
	mask: ArrayLike<number> | null,
	height: number,
	width: number,
	angle: number,
): Float64Array {
	const along: number[] = [];
	const charge: number[] = [];
	let low = Number.POSITIVE_INFINITY;
	let high = Number.NEGATIVE_INFINITY;
	for (let i = 0; i < height * width; i++) {
		const value = Number(pixels[i] ?? Number.NaN);
		if (!Number.isFinite(value) || (mask ? !mask[i] : value <= 0)) continue;
		const t = (i % width) * Math.cos(angle) + Math.floor(i / width) * Math.sin(angle);
		along.push(t);
		charge.push(value);
		low = Math.min(low, t);
		high = Math.max(high, t);
	}
	if (!along.length) return new Float64Array(0);
	const bins = new Float64Array(Math.floor(high - low) + 2);
	// A pixel's charge is shared by the two nearest steps, or a slanted track would look combed.
	along.forEach((t, i) => {
		const place = t - low;
		const bin = Math.floor(place);
		const part = place - bin;
		const q = charge[i] ?? 0;
		bins[bin] = (bins[bin] ?? 0) + q * (1 - part);
		bins[bin + 1] = (bins[bin + 1] ?? 0) + q * part;
	});
	return bins.at(-1) === 0 ? bins.slice(0, -1) : bins;
}
