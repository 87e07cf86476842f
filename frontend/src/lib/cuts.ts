/**
 * Cuts on columns, as a physicist writes them: `charge > 1200 & 5 < length <= 40 & class == "muon"`.
 *
 * The string is the selection: it can be read, copied into pandas' `query` or ROOT, edited, pasted
 * back, saved, sent as a link and given to `cloudchamber export --cut`. Names that are no identifier
 * stand in backticks, as in pandas. `backend/cloudchamber/services/cuts.py` reads the same language;
 * `tests/contract/cuts.json` holds both to it.
 */

import type { TypedArray } from "../api/binary";

/** Values between two ends; exclusive unless said otherwise, ±Infinity = open. */
export interface RangeCut {
	readonly column: string;
	readonly low: number;
	readonly high: number;
	/** the end itself passes */
	readonly lowIn?: boolean;
	readonly highIn?: boolean;
}

/** Cutouts of a class, a predicted class or a category; `out`: all others. */
export interface NameCut {
	readonly column: string;
	readonly names: readonly string[];
	readonly out?: boolean;
}

export type Cut = RangeCut | NameCut;
export type CutKind = "number" | "name";

export class CutError extends Error {}

export function isRange(cut: Cut): cut is RangeCut {
	return "low" in cut;
}

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;
const TOKEN = new RegExp(
	[
		"(?<number>[-+]?(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][-+]?\\d+)?(?![A-Za-z0-9_.]))",
		"(?<tick>`[^`]+`)",
		"(?<text>\"[^\"]*\"|'[^']*')",
		"(?<sign><=|>=|==|!=|&&|[<>=&(),]|\\[|\\])",
		"(?<word>[A-Za-z_][A-Za-z0-9_]*(?:-[A-Za-z0-9_]+)*)",
	].join("|"),
	"y",
);
const MIRRORED: Record<string, string> = { "<": ">", "<=": ">=", ">": "<", ">=": "<=" };

interface Token {
	readonly kind: "number" | "tick" | "text" | "sign" | "word";
	readonly text: string;
	readonly at: number;
}

export function formatCut(cut: Cut): string {
	const name = IDENTIFIER.test(cut.column) ? cut.column : `\`${cut.column}\``;
	if (!isRange(cut)) {
		const names = cut.names.map((one) => (one.includes('"') ? `'${one}'` : `"${one}"`));
		if (names.length === 1) return `${name} ${cut.out ? "!=" : "=="} ${names[0]}`;
		return `${name} ${cut.out ? "not in" : "in"} [${names.join(", ")}]`;
	}
	const { low, high, lowIn, highIn } = cut;
	if (low === high && lowIn && highIn) return `${name} == ${low}`;
	const below = highIn ? "<=" : "<";
	if (low > -Infinity && high < Infinity)
		return `${low} ${lowIn ? "<=" : "<"} ${name} ${below} ${high}`;
	if (low > -Infinity) return `${name} ${lowIn ? ">=" : ">"} ${low}`;
	if (high < Infinity) return `${name} ${below} ${high}`;
	return "";
}

export function formatCuts(cuts: readonly Cut[]): string {
	return cuts.map(formatCut).filter(Boolean).join(" & ");
}

/**
 * @param known whether there is such a column, to be compared with numbers or with names
 * @throws CutError with a sentence saying what could not be read
 */
export function parseCuts(text: string, known: (column: string, kind: CutKind) => boolean): Cut[] {
	const cuts = merge(new Reader(text).cuts());
	const missing = cuts.filter((cut) => !known(cut.column, isRange(cut) ? "number" : "name"));
	if (missing.length === 0) return cuts;
	const wrongKind = missing.find((cut) => known(cut.column, isRange(cut) ? "name" : "number"));
	if (wrongKind)
		throw new CutError(
			isRange(wrongKind)
				? `“${wrongKind.column}” has names, not numbers: write ${wrongKind.column} == "…".`
				: `“${wrongKind.column}” is a number: compare it with one.`,
		);
	const names = [...new Set(missing.map((cut) => `“${cut.column}”`))].join(", ");
	throw new CutError(
		missing.length === 1 ? `There is no column ${names}.` : `There are no columns ${names}.`,
	);
}

/** Keep in `mask` only the cutouts between the cut's ends; an undefined value fails. */
export function applyCut(mask: Uint8Array, values: TypedArray, cut: RangeCut): void {
	// A column is compared in its own precision: 0.1 in float32 equals 0.1 as written.
	const own = values instanceof Float32Array ? Math.fround : (x: number) => x;
	const [low, high] = [own(cut.low), own(cut.high)];
	const { lowIn, highIn } = cut;
	for (let i = 0; i < mask.length; i++) {
		const value = values[i] as number;
		// written so that NaN, and a column shorter than the dataset, fail
		if (
			!((value > low || (lowIn && value === low)) && (value < high || (highIn && value === high)))
		)
			mask[i] = 0;
	}
}

/** Keep in `mask` only the cutouts whose code is wanted (`out`: is not). */
export function applyNames(
	mask: Uint8Array,
	codes: ArrayLike<number>,
	wanted: ReadonlySet<number>,
	out = false,
): void {
	for (let i = 0; i < mask.length; i++) {
		const code = codes[i];
		if ((code !== undefined && wanted.has(code)) === out) mask[i] = 0;
	}
}

function merge(cuts: readonly Cut[]): Cut[] {
	const merged = new Map<string, Cut>();
	for (const cut of cuts) {
		const key = `${isRange(cut)}:${cut.column}`;
		const before = merged.get(key);
		merged.set(key, before ? both(before, cut) : cut);
	}
	return [...merged.values()];
}

function both(a: Cut, b: Cut): Cut {
	if (isRange(a) && isRange(b)) {
		const lower = b.low > a.low || (b.low === a.low && !b.lowIn) ? b : a;
		const upper = b.high < a.high || (b.high === a.high && !b.highIn) ? b : a;
		return range(a.column, lower.low, upper.high, lower.lowIn, upper.highIn);
	}
	const [x, y] = [a as NameCut, b as NameCut];
	if (x.out && y.out) return { ...x, names: [...new Set([...x.names, ...y.names])] };
	const [keep, other] = x.out ? [y, x] : [x, y];
	const names = keep.names.filter((name) => other.names.includes(name) !== (other.out ?? false));
	return { column: a.column, names };
}

function range(
	column: string,
	low: number,
	high: number,
	lowIn?: boolean,
	highIn?: boolean,
): RangeCut {
	return {
		column,
		low,
		high,
		...(lowIn && low > -Infinity ? { lowIn } : {}),
		...(highIn && high < Infinity ? { highIn } : {}),
	};
}

/** Cuts joined by "&"; brackets may stand around one or several, and mean nothing. */
class Reader {
	readonly #text: string;
	readonly #tokens: Token[] = [];
	#at = 0;

	constructor(text: string) {
		this.#text = text;
		TOKEN.lastIndex = 0;
		for (let at = 0; at < text.length; at = TOKEN.lastIndex) {
			const space = /\s*/y;
			space.lastIndex = at;
			space.exec(text);
			if (space.lastIndex === text.length) break;
			TOKEN.lastIndex = space.lastIndex;
			const match = TOKEN.exec(text);
			if (!match) this.#fail(space.lastIndex);
			const [kind, token] = Object.entries(match?.groups ?? {}).find(([, t]) => t !== undefined)!;
			this.#tokens.push({ kind: kind as Token["kind"], text: token, at: space.lastIndex });
		}
	}

	cuts(): Cut[] {
		const cuts: Cut[] = [];
		if (this.#tokens.length === 0) return cuts;
		let depth = 0;
		for (;;) {
			for (; this.#take("("); ) depth++;
			cuts.push(this.#cut());
			for (; depth > 0 && this.#take(")"); ) depth--;
			if (this.#at === this.#tokens.length) break;
			if (!(this.#take("&") || this.#take("&&") || this.#takeWord("and"))) this.#fail();
		}
		if (depth > 0) this.#fail();
		return cuts;
	}

	#cut(): Cut {
		const first = this.#next();
		if (first?.kind === "number") {
			const sign = this.#comparison();
			const column = this.#column();
			const cut = this.#side(column, MIRRORED[sign] ?? sign, this.#value(first));
			const second = this.#peek()?.text ?? "";
			if (!(second in MIRRORED)) return cut;
			if (sign[0] !== second[0]) this.#fail();
			this.#at++;
			return both(cut, this.#side(column, second, this.#value(this.#next())));
		}
		this.#at--;
		const column = this.#column();
		if (this.#takeWord("in")) return { column, names: this.#list() };
		if (this.#takeWord("not")) {
			if (!this.#takeWord("in")) this.#fail();
			return { column, names: this.#list(), out: true };
		}
		const unequal = this.#take("!=");
		const sign = unequal ? "!=" : this.#comparison();
		const value = this.#next();
		if (value?.kind === "number" && !unequal) return this.#side(column, sign, this.#value(value));
		if (sign[0] === "<" || sign[0] === ">") this.#fail(value?.at);
		const names = [this.#name(value)];
		return unequal ? { column, names, out: true } : { column, names };
	}

	#side(column: string, sign: string, value: number): RangeCut {
		if (sign[0] === "=") return range(column, value, value, true, true);
		return sign[0] === ">"
			? range(column, value, Infinity, sign === ">=")
			: range(column, -Infinity, value, false, sign === "<=");
	}

	#list(): string[] {
		const close = this.#take("[") ? "]" : this.#take("(") ? ")" : this.#fail();
		const names = [this.#name(this.#next())];
		while (this.#take(",")) names.push(this.#name(this.#next()));
		if (!this.#take(close)) this.#fail();
		return [...new Set(names)];
	}

	#comparison(): string {
		const token = this.#next();
		if (token && (token.text in MIRRORED || token.text === "=" || token.text === "=="))
			return token.text;
		return this.#fail(token?.at);
	}

	#column(): string {
		const token = this.#next();
		if (token?.kind === "word") return token.text;
		if (token?.kind === "tick") return token.text.slice(1, -1);
		return this.#fail(token?.at);
	}

	#name(token: Token | undefined): string {
		if (token?.kind === "word") return token.text;
		if (token?.kind === "text") return token.text.slice(1, -1);
		return this.#fail(token?.at);
	}

	#value(token: Token | undefined): number {
		const value = token?.kind === "number" ? Number(token.text) : Number.NaN;
		return Number.isFinite(value) ? value : this.#fail(token?.at);
	}

	#peek(): Token | undefined {
		return this.#tokens[this.#at];
	}

	#next(): Token | undefined {
		return this.#tokens[this.#at++];
	}

	#take(sign: string): boolean {
		const token = this.#peek();
		if (token?.kind !== "sign" || token.text !== sign) return false;
		this.#at++;
		return true;
	}

	#takeWord(word: string): boolean {
		const token = this.#peek();
		if (token?.kind !== "word" || token.text.toLowerCase() !== word) return false;
		this.#at++;
		return true;
	}

	#fail(at = this.#peek()?.at ?? this.#text.length): never {
		const rest = this.#text.slice(at).trim().slice(0, 40);
		if (rest.startsWith("|") || /^or\b/i.test(rest))
			throw new CutError("Cuts are joined by “&”; “or” is not among them.");
		const before = this.#text.slice(0, at).trim();
		const where = rest ? `“${rest}”${before ? " there" : ""}` : "the end: something is missing";
		throw new CutError(`Cannot read ${where}; write for example length < 40.`);
	}
}
