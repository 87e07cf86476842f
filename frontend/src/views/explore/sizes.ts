/** Image sizes for a gallery in native scale, from the columns an import writes them to. */
import { quantiles } from "../../lib/quantiles";
import { dataset } from "../../state/dataset.svelte";

export interface Sizes {
	readonly width: ArrayLike<number>;
	readonly height: ArrayLike<number>;
}

/** Side in px that nine of ten images fit into at the scale a gallery starts with. */
const COMFORTABLE = 90;
const MOST = 6;

/** Width and height of every cutout's image in pixels, or null where they are no columns. */
export function cutoutSizes(): Sizes | null {
	const width = dataset.values("image_width");
	const height = dataset.values("image_height");
	return width && height ? { width, height } : null;
}

/** Whole scale at which most images of the dataset are neither specks nor fill the pane. */
export function comfortableScale(sizes: Sizes | null): number {
	if (!sizes) return 3;
	const [wide = 1] = quantiles(sizes.width, [0.9]);
	const [high = 1] = quantiles(sizes.height, [0.9]);
	return Math.max(1, Math.min(MOST, Math.round(COMFORTABLE / Math.max(wide, high, 1))));
}
