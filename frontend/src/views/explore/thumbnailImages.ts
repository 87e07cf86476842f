/** Images for the map's thumbnails: cutouts painted once in the view's stretch, kept while near. */
import { LruCache } from "../../lib/lru";
import { drawCutout } from "../../lib/paint";
import { pixelCache } from "../../state/pixels.svelte";
import { view } from "../../state/view.svelte";

/** 32 MB of painted thumbnails: more than any screen shows. */
const images = new LruCache<number, HTMLCanvasElement>(32 * 1024 * 1024);
let painted = "";

/** Painted image of a cutout whose pixels are here, else undefined. Fetches nothing. */
export function thumbnailOf(ordinal: number): HTMLCanvasElement | undefined {
	const appearance = `${view.stretch} ${view.colormap} ${view.invert} ${view.percentiles} ${view.turned}`;
	if (appearance !== painted) {
		images.clear();
		painted = appearance;
	}
	const known = images.get(ordinal);
	if (known) return known;
	const cutout = pixelCache.peek(ordinal);
	if (!cutout) return undefined;
	const canvas = document.createElement("canvas");
	drawCutout(canvas, cutout, view);
	images.set(ordinal, canvas, 4 * canvas.width * canvas.height + 200);
	return canvas;
}

/** Another dataset has other cutouts under the same ordinals. */
export function forgetThumbnails(): void {
	images.clear();
}
