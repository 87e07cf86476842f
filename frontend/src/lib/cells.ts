/** Cells of a gallery in native scale: every image on one scale, in a cell of its own size. */

export interface Box {
	/** px on the screen, without the line beneath */
	readonly width: number;
	readonly height: number;
	readonly zoom: number | "fit";
}

export interface Pane {
	readonly width: number;
	readonly height: number;
}

/** A click needs somewhere to land, however small the image. */
const LEAST = 28;
/** Room for a value beneath the image. */
const LEAST_CAPTIONED = 60;
/** Side assumed of an image whose size is not known, px of the image. */
const UNKNOWN = 16;

/**
 * Box of an image of width x height pixels at `scale` in a pane. One that outgrows the pane is
 * shrunk by a whole factor instead of being cut: a long track shows its length.
 */
export function nativeBox(
	width: number,
	height: number,
	scale: number,
	pane: Pane,
	captioned: boolean,
): Box {
	const w = width > 0 ? width : UNKNOWN;
	const h = height > 0 ? height : UNKNOWN;
	const by = Math.max((w * scale) / pane.width, (h * scale) / Math.max(200, pane.height));
	const exact = scale / by;
	const zoom = by <= 1 ? scale : exact >= 1 ? Math.floor(exact) : 1 / Math.ceil(1 / exact);
	return {
		width: Math.min(pane.width, Math.max(captioned ? LEAST_CAPTIONED : LEAST, Math.ceil(w * zoom))),
		height: Math.max(LEAST, Math.ceil(h * zoom)),
		zoom,
	};
}
