/** Clusters of a map against labels: sizes, classes, and how well they agree. */

export interface Agreement {
	/** Labelled cutouts that were compared. */
	n: number;
	/** Adjusted Rand index: 1 is the same division, 0 chance. */
	ari: number;
	/** Normalised mutual information, 0 to 1 (arithmetic mean of the entropies). */
	nmi: number;
	/** Share of the clustered that belong to their cluster's largest class; null when none is. */
	purity: number | null;
	/** Share of the labelled in no cluster. */
	unclustered: number;
}

export interface Cluster {
	/** −1 is what lies in none. */
	id: number;
	ordinals: Int32Array;
	/** A few from its middle outwards. */
	typical: number[];
}

export interface Tally {
	labelled: number;
	/** The class most of its labelled cutouts have, and how many. */
	majority: { classId: number; n: number } | null;
}

const pairs = (n: number) => (n * (n - 1)) / 2;

/**
 * Agreement of clusters with labels (0 = none) over the labelled cutouts; the unclustered are one
 * group more, but not part of the purity. Null with fewer than two labels.
 *
 * Reference: Hubert and Arabie, J. Classification 2 (1985) 193.
 */
export function agreement(cluster: ArrayLike<number>, label: ArrayLike<number>): Agreement | null {
	const cells = new Map<number, Map<number, number>>();
	const classes = new Map<number, number>();
	let n = 0;
	for (let i = 0; i < cluster.length && i < label.length; i++) {
		const of = label[i] as number;
		if (of <= 0) continue;
		const c = cluster[i] as number;
		const row = cells.get(c) ?? new Map<number, number>();
		row.set(of, (row.get(of) ?? 0) + 1);
		cells.set(c, row);
		classes.set(of, (classes.get(of) ?? 0) + 1);
		n++;
	}
	if (n < 2) return null;
	let [same, inCluster, clustered, largest, mutual, ofClusters] = [0, 0, 0, 0, 0, 0];
	for (const [id, row] of cells) {
		let size = 0;
		for (const count of row.values()) size += count;
		inCluster += pairs(size);
		ofClusters -= (size / n) * Math.log(size / n);
		for (const [of, count] of row) {
			same += pairs(count);
			mutual += (count / n) * Math.log((n * count) / (size * (classes.get(of) as number)));
		}
		if (id < 0) continue;
		clustered += size;
		largest += Math.max(...row.values());
	}
	let [inClass, ofClasses] = [0, 0];
	for (const size of classes.values()) {
		inClass += pairs(size);
		ofClasses -= (size / n) * Math.log(size / n);
	}
	const expected = (inCluster * inClass) / pairs(n);
	const most = (inCluster + inClass) / 2;
	const entropies = (ofClusters + ofClasses) / 2;
	return {
		n,
		ari: most === expected ? 1 : (same - expected) / (most - expected),
		nmi: entropies === 0 ? 1 : mutual / entropies,
		purity: clustered ? largest / clustered : null,
		unclustered: 1 - clustered / n,
	};
}

/** The clusters in the order of their numbers, what lies in none last. */
export function clustersOf(
	cluster: ArrayLike<number>,
	positions: ArrayLike<number> | null,
	nTypical = 6,
): Cluster[] {
	const members = new Map<number, number[]>();
	for (let i = 0; i < cluster.length; i++) {
		const id = cluster[i] as number;
		if (id < -1) continue; // a retired cutout
		const list = members.get(id);
		if (list) list.push(i);
		else members.set(id, [i]);
	}
	return [...members]
		.map(([id, list]) => ({
			id,
			ordinals: Int32Array.from(list),
			typical: typical(list, positions, nTypical),
		}))
		.sort((a, b) => (a.id < 0 ? 1 : b.id < 0 ? -1 : a.id - b.id));
}

/** What the labels (0 = none) say of each cluster, by its number. */
export function tallies(cluster: ArrayLike<number>, label: ArrayLike<number>): Map<number, Tally> {
	const counts = new Map<number, Map<number, number>>();
	for (let i = 0; i < cluster.length && i < label.length; i++) {
		const of = label[i] as number;
		if (of <= 0) continue;
		const id = cluster[i] as number;
		const row = counts.get(id) ?? new Map<number, number>();
		row.set(of, (row.get(of) ?? 0) + 1);
		counts.set(id, row);
	}
	const found = new Map<number, Tally>();
	for (const [id, row] of counts) {
		const tally: Tally = { labelled: 0, majority: null };
		for (const [classId, n] of row) {
			tally.labelled += n;
			if (!tally.majority || n > tally.majority.n) tally.majority = { classId, n };
		}
		found.set(id, tally);
	}
	return found;
}

/** From the middle of a cluster outwards, in even steps through its half nearest the middle. */
function typical(list: number[], positions: ArrayLike<number> | null, n: number): number[] {
	if (list.length <= n || !positions) return list.slice(0, n);
	const [x, y] = [0, 1].map((axis) => median(list.map((o) => positions[2 * o + axis] as number)));
	const away = (o: number) =>
		((positions[2 * o] as number) - (x as number)) ** 2 +
		((positions[2 * o + 1] as number) - (y as number)) ** 2;
	const inner = [...list]
		.sort((a, b) => away(a) - away(b))
		.slice(0, Math.max(n, Math.ceil(list.length / 2)));
	return Array.from({ length: n }, (_, i) => inner[Math.floor((i * inner.length) / n)] as number);
}

function median(values: number[]): number {
	const sorted = values.sort((a, b) => a - b);
	return sorted[sorted.length >> 1] as number;
}
