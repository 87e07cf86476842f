/**
 * Two classifiers on the cutouts that both were held out from: who is right where.
 *
 * Differences on the same cutouts are far better known than the two accuracies are each.
 */

export interface Judged {
	/** Class id of the label by cutout; 0 where the version was not tested. */
	label: Int32Array;
	/** Class id of the held-out suggestion by cutout; 0 where the version was not tested. */
	heldOut: Int32Array;
}

export interface Comparison {
	/** Cutouts tested by both on the same label. */
	n: number;
	bothRight: number;
	onlyFirst: Int32Array;
	onlySecond: Int32Array;
	/** Accuracy of the first less that of the second, with its 95 % interval. */
	difference: number;
	interval: [number, number];
	/** Exact two-sided McNemar test: the chance of a split as uneven by luck alone. */
	p: number;
}

/** Class numbers of a version (−1 = none) as class ids (0 = none). */
export function asIds(numbers: ArrayLike<number>, classes: readonly { id: number }[]): Int32Array {
	return Int32Array.from(numbers, (k) => classes[k]?.id ?? 0);
}

/** Null when no cutout was held out from both under the same label. */
export function compare(first: Judged, second: Judged): Comparison | null {
	const n = Math.min(first.label.length, second.label.length);
	const onlyFirst: number[] = [];
	const onlySecond: number[] = [];
	let [both, cases] = [0, 0];
	for (let i = 0; i < n; i++) {
		const truth = first.label[i]!;
		if (truth === 0 || truth !== second.label[i]) continue;
		if (first.heldOut[i] === 0 || second.heldOut[i] === 0) continue;
		cases++;
		const [a, b] = [first.heldOut[i] === truth, second.heldOut[i] === truth];
		if (a && b) both++;
		else if (a) onlyFirst.push(i);
		else if (b) onlySecond.push(i);
	}
	if (cases === 0) return null;
	const [b, c] = [onlyFirst.length, onlySecond.length];
	const difference = (b - c) / cases;
	const half = (1.959964 * Math.sqrt(Math.max(b + c - (b - c) ** 2 / cases, 0))) / cases;
	return {
		n: cases,
		bothRight: both,
		onlyFirst: Int32Array.from(onlyFirst),
		onlySecond: Int32Array.from(onlySecond),
		difference,
		interval: [Math.max(-1, difference - half), Math.min(1, difference + half)],
		p: mcnemar(b, c),
	};
}

/** Exact two-sided McNemar test of b against c discordant pairs (McNemar 1947; binomial, ½). */
export function mcnemar(b: number, c: number): number {
	const n = b + c;
	if (n === 0) return 1;
	let term = -n * Math.LN2;
	let tail = 0;
	for (let k = 0; k <= Math.min(b, c); k++) {
		if (k > 0) term += Math.log(n - k + 1) - Math.log(k);
		tail += Math.exp(term);
	}
	return Math.min(1, 2 * tail);
}
