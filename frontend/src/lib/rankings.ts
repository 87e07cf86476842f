/**
 * The orders in which a gallery can show a dataset.
 *
 * What a ranking is good for is measured on the dataset itself when a classifier is trained (one
 * class held out in turn). Where that has not been done, what is known from other data is said
 * together with where it comes from, never as if it held here.
 */

export interface Ranking {
	/** Column with one number per cutout. */
	column: string;
	title: string;
	/** Which end comes first. */
	first: "largest" | "smallest";
	/** What the number says. */
	about: string;
	/** What was measured elsewhere, with its source; null where nothing was. */
	elsewhere: string | null;
	/** Which training makes the column. */
	needs: "classifier" | "autoencoder" | "map" | "self-supervised";
}

/** By the job leave_one_class_out: 306 labels, 5 classes, mean over classes and 3 seeds. */
const DAMIC = "on DAMIC with one class left out";

export const RANKINGS: readonly Ranking[] = [
	{
		column: "rank_ensemble",
		title: "All in one",
		first: "largest",
		about:
			"Mean rank by distance in the network's last layer, distance in the measurements, and doubt.",
		elsewhere: `AUROC 0.84 ${DAMIC}: the best of all`,
		needs: "classifier",
	},
	{
		column: "knn_distance",
		title: "Far from known",
		first: "largest",
		about: "Distance to the nearest labelled cutouts in the classifier's last layer.",
		elsewhere: `AUROC 0.82 ${DAMIC}`,
		needs: "classifier",
	},
	{
		column: "entropy",
		title: "Undecided",
		first: "largest",
		about: "Entropy of the class probabilities: many classes are possible.",
		elsewhere: `AUROC 0.75 ${DAMIC}`,
		needs: "classifier",
	},
	{
		column: "margin",
		title: "Torn between two",
		first: "largest",
		about:
			"Two classes are nearly equally probable: 1 minus their gap. Labels here move the border.",
		elsewhere: `AUROC 0.75 ${DAMIC}`,
		needs: "classifier",
	},
	{
		column: "median_score",
		title: "Median score",
		first: "largest",
		about: "Median of the class probabilities: high when no class stands out.",
		elsewhere: `AUROC 0.75 ${DAMIC}`,
		needs: "classifier",
	},
	{
		column: "measurement_knn",
		title: "Unlike by shape",
		first: "largest",
		about: "Distance to the nearest labelled cutouts in the measurements.",
		elsewhere: `AUROC 0.76 ${DAMIC}`,
		needs: "classifier",
	},
	{
		column: "mahalanobis",
		title: "Far from its class",
		first: "largest",
		about: "Distance to the nearest class mean in the classifier's last layer.",
		elsewhere: `AUROC 0.77 ${DAMIC}`,
		needs: "classifier",
	},
	{
		column: "lof",
		title: "Locally sparse",
		first: "largest",
		about: "Local outlier factor of the measurements: few labelled cutouts lie about it.",
		elsewhere: `AUROC 0.74 ${DAMIC}`,
		needs: "classifier",
	},
	{
		column: "max_score",
		title: "Unsure",
		first: "largest",
		about: "1 minus the largest class probability.",
		elsewhere: `AUROC 0.75 ${DAMIC}`,
		needs: "classifier",
	},
	{
		column: "isolation_forest",
		title: "Isolated",
		first: "largest",
		about: "Isolation forest of the measurements: few cuts set it apart.",
		elsewhere: `AUROC 0.68 ${DAMIC}`,
		needs: "classifier",
	},
	{
		column: "hdbscan_outlier",
		title: "Outside clusters",
		first: "largest",
		about: "HDBSCAN's outlier score in the classifier's last layer.",
		elsewhere: `AUROC 0.68 ${DAMIC}`,
		needs: "classifier",
	},
	{
		column: "label_doubt",
		title: "Label errors",
		first: "largest",
		about:
			"Labels that held-out predictions contradict (confident learning); above 1 they are suspect. On Label, the order “check labels” goes through them.",
		elsewhere: "doubted 12–15 % of the labels of DAMIC",
		needs: "classifier",
	},
	{
		column: "loss",
		title: "Reconstruction loss",
		first: "largest",
		about: "Error of the reconstruction. Follows size: large tracks come first.",
		elsewhere: `AUROC 0.70 ${DAMIC}; size alone 0.54`,
		needs: "autoencoder",
	},
	{
		column: "loss_normalised",
		title: "Normalised loss",
		first: "largest",
		about: "Reconstruction error beyond what size and charge explain.",
		elsewhere: `AUROC 0.64 ${DAMIC}`,
		needs: "autoencoder",
	},
	{
		column: "self_supervised_knn",
		title: "Far from labelled",
		first: "largest",
		about: "Distance to the nearest labelled cutouts in an embedding learned without labels.",
		elsewhere: `AUROC 0.83 ${DAMIC}`,
		needs: "self-supervised",
	},
	{
		column: "map_outlier",
		title: "Map outliers",
		first: "largest",
		about: "Cutouts that lie outside every cluster of the map.",
		elsewhere: null,
		needs: "map",
	},
];

/** Bits of a double's 53 that hold the ordinal while sorting; the value's 32 lie above. */
const ORDINAL_SPAN = 2 ** 21;

/**
 * Ordinals in ranking order; cutouts whose number is undefined are left out. Equal numbers keep
 * dataset order, so that a page looks the same after a reload.
 *
 * Value and ordinal are put into one number and sorted without a comparison function: measured on
 * a million cutouts 1.3 s instead of 3.2 s.
 *
 * @param values one number per cutout [n], NaN where undefined; compared in single precision
 * @param keep which cutouts to show, or null for all
 */
export function rank(
	values: ArrayLike<number>,
	first: Ranking["first"],
	keep: ((ordinal: number) => boolean) | null = null,
): Int32Array {
	if (values.length > ORDINAL_SPAN) return rankByComparison(values, first, keep);
	const keys = new Float64Array(values.length);
	const single = new Float32Array(1);
	const bits = new Uint32Array(single.buffer);
	let n = 0;
	for (let i = 0; i < values.length; i++) {
		const value = values[i] as number;
		if (!Number.isFinite(value) || (keep && !keep(i))) continue;
		// Adding zero makes −0 a 0. Negative floats order backwards by their bits, hence the flip.
		single[0] = value + 0;
		const raw = bits[0] as number;
		const rising = raw >= 0x80000000 ? 0xffffffff - raw : raw + 0x80000000;
		keys[n++] = (first === "largest" ? 0xffffffff - rising : rising) * ORDINAL_SPAN + i;
	}
	return Int32Array.from(keys.subarray(0, n).sort(), (key) => key % ORDINAL_SPAN);
}

function rankByComparison(
	values: ArrayLike<number>,
	first: Ranking["first"],
	keep: ((ordinal: number) => boolean) | null,
): Int32Array {
	const ordinals: number[] = [];
	for (let i = 0; i < values.length; i++) {
		if (Number.isFinite(values[i]) && (!keep || keep(i))) ordinals.push(i);
	}
	const sign = first === "largest" ? -1 : 1;
	const order = (a: number, b: number) => sign * ((values[a] ?? 0) - (values[b] ?? 0)) || a - b;
	return Int32Array.from(ordinals).sort(order);
}
