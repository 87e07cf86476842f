/**
 * Cuts on columns, as a physicist writes them: `charge > 1200 & 5 < length < 40`.
 *
 * The string is the selection: it can be read, copied into pandas' `query` or ROOT, edited, and
 * pasted back. Names that are no identifier stand in backticks, as in pandas.
 */

import type { TypedArray } from "../api/binary";

export interface Cut {
	readonly column: string;
	/** exclusive; -Infinity = open */
	readonly low: number;
	/** exclusive; Infinity = open */
	readonly high: number;
}

export class CutError extends Error {}

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;
const NUMBER = "[-+]?(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][-+]?\\d+)?";
const NAME = "[A-Za-z_][A-Za-z0-9_]*|`[^`]+`";
const ONE_SIDED = new RegExp(`^(${NAME})\\s*([<>])\\s*(${NUMBER})$`);
const REVERSED = new RegExp(`^(${NUMBER})\\s*([<>])\\s*(${NAME})$`);
const BETWEEN = new RegExp(`^(${NUMBER})\\s*<\\s*(${NAME})\\s*<\\s*(${NUMBER})$`);

export function formatCut({ column, low, high }: Cut): string {
	const name = IDENTIFIER.test(column) ? column : `\`${column}\``;
	if (low > -Infinity && high < Infinity) return `${low} < ${name} < ${high}`;
	if (low > -Infinity) return `${name} > ${low}`;
	if (high < Infinity) return `${name} < ${high}`;
	return "";
}

export function formatCuts(cuts: readonly Cut[]): string {
	return cuts.map(formatCut).filter(Boolean).join(" & ");
}

/** @throws CutError with a sentence saying what could not be read */
export function parseCuts(text: string, known: (column: string) => boolean): Cut[] {
	const merged = new Map<string, Cut>();
	// "&" splits, but not inside a backticked name
	const parts = text.match(/(?:`[^`]*`|[^&`])+/g) ?? [];
	for (const part of parts
		.map((p) =>
			p
				.trim()
				.replace(/^\((.*)\)$/, "$1")
				.trim(),
		)
		.filter(Boolean)) {
		let cut: Cut;
		let match = BETWEEN.exec(part);
		if (match) cut = { column: match[2]!, low: Number(match[1]), high: Number(match[3]) };
		else {
			match = ONE_SIDED.exec(part);
			let [column, sign, value] = match ? match.slice(1) : [];
			if (!match) {
				match = REVERSED.exec(part);
				if (!match) throw new CutError(`Cannot read “${part}”; write for example length < 40.`);
				[value, sign, column] = match.slice(1);
				sign = sign === "<" ? ">" : "<";
			}
			cut = {
				column: column!,
				low: sign === ">" ? Number(value) : -Infinity,
				high: sign === "<" ? Number(value) : Infinity,
			};
		}
		const column = cut.column.replace(/^`|`$/g, "");
		if (!known(column)) throw new CutError(`There is no column “${column}”.`);
		const before = merged.get(column);
		merged.set(column, {
			column,
			low: Math.max(cut.low, before?.low ?? -Infinity),
			high: Math.min(cut.high, before?.high ?? Infinity),
		});
	}
	return [...merged.values()];
}

/** Keep in `mask` only the cutouts strictly between the cut's ends; an undefined value fails. */
export function applyCut(mask: Uint8Array, values: TypedArray, { low, high }: Cut): void {
	for (let i = 0; i < mask.length; i++) {
		const value = values[i] as number;
		// written so that NaN, and a column shorter than the dataset, fail
		if (!(value > low && value < high)) mask[i] = 0;
	}
}
