/** Zoom factors at which pixels stay squares. */

export const MAX_ZOOM = 64;

/**
 * Largest whole zoom at which height x width fits into the room; below one it is 1/k with whole k
 * (k x k pixels in one). Never above `MAX_ZOOM`: a 3-pixel event should not fill the wall.
 */
export function integerZoom(
	height: number,
	width: number,
	roomHeight: number,
	roomWidth: number,
	most = MAX_ZOOM,
): number {
	if (height <= 0 || width <= 0 || roomHeight <= 0 || roomWidth <= 0) return 1;
	const exact = Math.min(roomHeight / height, roomWidth / width);
	if (exact >= 1) return Math.min(most, Math.floor(exact));
	return 1 / Math.ceil(1 / exact);
}

const STEPS = [1, 2, 5];

/** Longest 1-2-5 length in image pixels that is at most `most` screen pixels long. */
export function scaleLength(zoom: number, most = 120): number {
	let best = 1;
	for (let decade = 1; decade <= 1e6; decade *= 10) {
		for (const step of STEPS) if (step * decade * zoom <= most) best = step * decade;
	}
	return best;
}
