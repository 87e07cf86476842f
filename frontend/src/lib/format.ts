/** Numbers and times as they stand on the screen: thin spaces, honest digits. */

const THIN = "\u202f";

/** 1234567 -> "1 234 567" with thin spaces; "–" for undefined. */
export function count(n: number | null | undefined): string {
	if (n === null || n === undefined || !Number.isFinite(n)) return "–";
	const sign = n < 0 ? "−" : "";
	return sign + String(Math.abs(Math.round(n))).replace(/\B(?=(\d{3})+$)/g, THIN);
}

/** A number to `digits` significant digits; whole part grouped; "–" for undefined. */
export function figure(value: number | null | undefined, digits = 3): string {
	if (value === null || value === undefined || !Number.isFinite(value)) return "–";
	if (value === 0) return "0";
	const size = Math.floor(Math.log10(Math.abs(value)));
	if (size >= 9 || size < -4) {
		const [mantissa = "", exponent = ""] = value.toExponential(digits - 1).split("e");
		return `${mantissa.replace("-", "−")}e${exponent.replace("+", "").replace("-", "−")}`;
	}
	if (size >= digits - 1) return count(value);
	const [whole = "0", fraction] = Math.abs(value)
		.toFixed(digits - 1 - size)
		.split(".");
	return `${value < 0 ? "−" : ""}${count(Number(whole))}${fraction ? `.${fraction}` : ""}`;
}

/** Pixel values: whole numbers as they are, others to four digits. */
export function pixelValue(value: number): string {
	if (Number.isNaN(value)) return "undefined";
	return Number.isInteger(value) ? count(value) : figure(value, 4);
}

/** value ± error with the error to two digits and the value to the same place. */
export function plusMinus(value: number, error: number): string {
	if (!Number.isFinite(error) || error <= 0) return figure(value);
	const places = Math.max(0, 1 - Math.floor(Math.log10(error)));
	if (places === 0) return `${count(value)} ± ${count(error)}`;
	return `${value.toFixed(places).replace("-", "−")} ± ${error.toFixed(places)}`;
}

export function percent(fraction: number, digits = 0): string {
	return `${(100 * fraction).toFixed(digits)}${THIN}%`;
}

export function bytes(n: number): string {
	const units = ["B", "kB", "MB", "GB", "TB"];
	let i = 0;
	let value = n;
	while (value >= 1000 && i < units.length - 1) {
		value /= 1000;
		i++;
	}
	return `${i === 0 ? value : figure(value, value < 10 ? 2 : 3)}${THIN}${units[i]}`;
}

/** Seconds as "12 s", "3 min", "2 h 5 min", "4 d". */
export function duration(seconds: number): string {
	const s = Math.max(0, Math.round(seconds));
	if (s < 90) return `${s}${THIN}s`;
	const minutes = Math.round(s / 60);
	if (minutes < 90) return `${minutes}${THIN}min`;
	const hours = Math.floor(minutes / 60);
	if (hours < 36)
		return minutes % 60 ? `${hours}${THIN}h ${minutes % 60}${THIN}min` : `${hours}${THIN}h`;
	return `${Math.round(hours / 24)}${THIN}d`;
}

/** How long ago an instant (ISO text or milliseconds) lies. */
export function ago(at: string | number, now = Date.now()): string {
	const then = typeof at === "string" ? Date.parse(at) : at;
	return `${duration((now - then) / 1000)} ago`;
}

/** "1 cutout", "2 cutouts". */
export function plural(n: number, one: string, many = `${one}s`): string {
	return `${count(n)} ${n === 1 ? one : many}`;
}
