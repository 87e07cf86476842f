/** From a confusion matrix to the cutouts in its cells. Rows are labels, columns predictions. */
import { wilson } from "./figures";

export interface ClassFigures {
	n: number;
	predicted: number;
	correct: number;
	recall: number;
	recallInterval: [number, number] | null;
	precision: number;
	precisionInterval: [number, number] | null;
	f1: number;
}

/**
 * Cutouts in one cell.
 *
 * @param label class index of the label each cutout had in training, −1 where it had none [n]
 * @param heldOut class index predicted for it while it was held out, −1 where it never was [n]
 * @param row class index of the label, or null for every label
 * @param column class index of the prediction, or null for every prediction
 */
export function cellOrdinals(
	label: ArrayLike<number>,
	heldOut: ArrayLike<number>,
	row: number | null,
	column: number | null,
): Int32Array {
	const found: number[] = [];
	const n = Math.min(label.length, heldOut.length);
	for (let i = 0; i < n; i++) {
		const l = label[i] ?? -1;
		const p = heldOut[i] ?? -1;
		if (l < 0 || p < 0) continue;
		if ((row === null || l === row) && (column === null || p === column)) found.push(i);
	}
	return Int32Array.from(found);
}

/** Precision, recall and F1 of every class with Wilson intervals; NaN where there is no case. */
export function classFigures(matrix: readonly (readonly number[])[]): ClassFigures[] {
	return matrix.map((row, k) => {
		const n = sum(row);
		const predicted = sum(matrix.map((r) => r[k] ?? 0));
		const correct = row[k] ?? 0;
		return {
			n,
			predicted,
			correct,
			recall: n ? correct / n : Number.NaN,
			recallInterval: wilson(correct, n),
			precision: predicted ? correct / predicted : Number.NaN,
			precisionInterval: wilson(correct, predicted),
			f1: n + predicted ? (2 * correct) / (n + predicted) : Number.NaN,
		};
	});
}

/** Share of a row's cases in each of its cells, 0 in an empty row. */
export function rowShares(matrix: readonly (readonly number[])[]): number[][] {
	return matrix.map((row) => {
		const n = sum(row);
		return row.map((value) => (n ? value / n : 0));
	});
}

function sum(values: readonly number[]): number {
	return values.reduce((a, b) => a + b, 0);
}
