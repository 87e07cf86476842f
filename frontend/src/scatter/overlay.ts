/** What is drawn over the points, on a 2-D canvas: the lasso, the glow of a point, thumbnails. */

import type { LassoMode } from "./lasso";

/** CSS colours of the overlay. */
export interface OverlayTheme {
	readonly text: string;
	readonly line: string;
	readonly accent: string;
	readonly careful: string;
	readonly image: string;
}

type Context = CanvasRenderingContext2D;

/** @param path flat screen coordinates */
export function drawLasso(
	context: Context,
	path: readonly number[],
	mode: LassoMode,
	theme: OverlayTheme,
): void {
	if (path.length < 4) return;
	context.save();
	context.beginPath();
	for (let i = 0; i + 1 < path.length; i += 2)
		context.lineTo(path[i] as number, path[i + 1] as number);
	context.closePath();
	const colour = mode === "subtract" ? theme.careful : theme.accent;
	context.fillStyle = colour;
	context.globalAlpha = 0.1;
	context.fill("nonzero");
	context.globalAlpha = 1;
	context.strokeStyle = colour;
	context.lineWidth = 1.5;
	context.setLineDash([5, 4]);
	context.stroke();
	context.restore();
}

/** A ring around a point (or a frame around its thumbnail); the hovered one glows. */
export function drawRing(
	context: Context,
	x: number,
	y: number,
	size: number,
	framed: boolean,
	glow: boolean,
	theme: OverlayTheme,
): void {
	context.save();
	const outline = (grow: number) => {
		context.beginPath();
		const r = size / 2 + grow;
		if (framed) context.rect(x - r, y - r, 2 * r, 2 * r);
		else context.arc(x, y, r, 0, 2 * Math.PI);
	};
	if (glow) {
		context.strokeStyle = theme.accent;
		for (const [grow, width, alpha] of [
			[7, 8, 0.22],
			[5, 4, 0.4],
		] as const) {
			outline(grow);
			context.lineWidth = width;
			context.globalAlpha = alpha;
			context.stroke();
		}
	}
	outline(4);
	context.globalAlpha = 1;
	context.lineWidth = glow ? 2 : 1.5;
	context.strokeStyle = theme.text;
	context.stroke();
	context.restore();
}

/**
 * A cutout's pixels on the map, centred on its point, at the largest integer scale that fits (or,
 * where it is larger than the thumbnail, shrunk), never smoothed.
 */
export function drawThumbnail(
	context: Context,
	image: CanvasImageSource,
	x: number,
	y: number,
	size: number,
	edge: string,
	grey: boolean,
	theme?: OverlayTheme,
): void {
	const { width, height } = image as HTMLCanvasElement;
	const room = size - 4;
	const largest = Math.max(width, height, 1);
	const scale = largest <= room ? Math.min(4, Math.floor(room / largest)) : room / largest;
	const left = Math.round(x - size / 2);
	const top = Math.round(y - size / 2);
	context.save();
	context.globalAlpha = grey ? 0.35 : 1;
	context.imageSmoothingEnabled = false;
	context.fillStyle = theme?.image ?? "#000";
	context.fillRect(left, top, size, size);
	context.drawImage(
		image,
		Math.round(x - (width * scale) / 2),
		Math.round(y - (height * scale) / 2),
		Math.max(1, Math.round(width * scale)),
		Math.max(1, Math.round(height * scale)),
	);
	context.strokeStyle = edge;
	context.lineWidth = 2;
	context.strokeRect(left + 1, top + 1, size - 2, size - 2);
	context.restore();
}
