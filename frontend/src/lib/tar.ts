/**
 * Tar archives (POSIX ustar with pax names) composed in the browser. The parts stay references to
 * the files on disk: a Blob reads them only when its slices are sent.
 */

export interface TarMember {
	/** Path inside the archive, with forward slashes. */
	path: string;
	file: Blob;
	/** Milliseconds since 1970. */
	modified?: number;
}

const BLOCK = 512;

function octal(value: number, length: number): string {
	return `${Math.floor(value)
		.toString(8)
		.padStart(length - 1, "0")}\0`;
}

function header(path: Uint8Array, size: number, modified: number, type: "0" | "x"): Uint8Array {
	const block = new Uint8Array(BLOCK);
	const put = (text: string, at: number) => {
		for (let i = 0; i < text.length; i++) block[at + i] = text.charCodeAt(i);
	};
	block.set(path.subarray(0, 100), 0);
	put(octal(0o644, 8), 100);
	put(octal(0, 8), 108);
	put(octal(0, 8), 116);
	put(octal(size, 12), 124);
	put(octal(modified / 1000, 12), 136);
	put("        ", 148);
	put(type, 156);
	put("ustar\x0000", 257);
	let sum = 0;
	for (const byte of block) sum += byte;
	put(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
	return block;
}

function padding(size: number): Uint8Array {
	return new Uint8Array((BLOCK - (size % BLOCK)) % BLOCK);
}

/** A pax record "length path=value\n", whose length counts its own digits. */
function paxPath(path: Uint8Array): Uint8Array {
	const rest = path.length + " path=\n".length;
	let length = rest + 1;
	while (String(length).length + rest !== length) length = String(length).length + rest;
	const encoder = new TextEncoder();
	return Uint8Array.from([...encoder.encode(`${length} path=`), ...path, ...encoder.encode("\n")]);
}

/** The archive of these members, in their order. */
export function tar(members: readonly TarMember[]): Blob {
	const encoder = new TextEncoder();
	const parts: BlobPart[] = [];
	for (const { path, file, modified = 0 } of members) {
		const name = encoder.encode(path);
		// The old header holds 100 bytes of ASCII; anything else stands in a pax record before it.
		if (name.length > 100 || name.some((byte) => byte > 126)) {
			const record = paxPath(name);
			parts.push(
				header(encoder.encode("pax"), record.length, modified, "x") as BlobPart,
				record as BlobPart,
				padding(record.length) as BlobPart,
			);
		}
		parts.push(header(name, file.size, modified, "0") as BlobPart, file);
		parts.push(padding(file.size) as BlobPart);
	}
	parts.push(new Uint8Array(2 * BLOCK) as BlobPart);
	return new Blob(parts, { type: "application/x-tar" });
}

/** Split members into archives of at most `most` bytes; a single larger one stands alone. */
export function packs(members: readonly TarMember[], most: number): TarMember[][] {
	const out: TarMember[][] = [];
	let size = 0;
	for (const member of members) {
		const cost = member.file.size + 2 * BLOCK;
		if (out.length === 0 || size + cost > most) {
			out.push([]);
			size = 0;
		}
		out[out.length - 1]?.push(member);
		size += cost;
	}
	return out;
}
