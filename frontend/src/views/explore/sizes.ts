/** Image sizes for a gallery in native scale, from columns where there are such. */
import { dataset } from "../../state/dataset.svelte";

/** Pixels an image is larger than its footprint on either side: the margin of an import's default. */
const MARGIN = 3;

/**
 * Width and height of every cutout's image in pixels, or null where they are not columns. The
 * measured width and height are the footprint's; a cutout from an exposure has a margin around it.
 */
export function cutoutSizes(): { width: ArrayLike<number>; height: ArrayLike<number> } | null {
	const width = dataset.values("width");
	const height = dataset.values("height");
	if (!width || !height) return null;
	const margin = (dataset.info?.n_exposures ?? 0) > 0 ? 2 * MARGIN : 0;
	if (margin === 0) return { width, height };
	const grown = (values: ArrayLike<number>) => Float32Array.from(values, (v) => v + margin);
	return { width: grown(width), height: grown(height) };
}
