/** What the job `interpolate` found between two cutouts. */

export interface Between {
	modelId: number;
	ordinals: readonly [number, number];
	/** Length of the line in the latent space. */
	distance: number;
	/** Height, width, channels of every image. */
	shape: readonly [number, number, number];
	/** From the first cutout to the second, both ends included. */
	steps: Uint8Array[];
	/** The two cutouts as the model sees them. */
	originals: Uint8Array[];
}

/** Read the result of a job; null where it is not one of an interpolation. */
export async function readBetween(
	result: Readonly<Record<string, unknown>> | null,
): Promise<Between | null> {
	if (!result || typeof result.images !== "string" || typeof result.originals !== "string") {
		return null;
	}
	const shape = result.shape as [number, number, number];
	const size = shape[0] * shape[1] * shape[2];
	return {
		modelId: Number(result.model_version_id),
		ordinals: result.ordinals as [number, number],
		distance: Number(result.distance),
		shape,
		steps: cut(await inflate(result.images), size),
		originals: cut(await inflate(result.originals), size),
	};
}

/** Bytes of a base64 text of zlib-compressed bytes. */
export async function inflate(text: string): Promise<Uint8Array> {
	const packed = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
	const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
	return new Uint8Array(await new Response(stream).arrayBuffer());
}

function cut(bytes: Uint8Array, size: number): Uint8Array[] {
	return Array.from({ length: Math.floor(bytes.length / size) }, (_, i) =>
		bytes.subarray(i * size, (i + 1) * size),
	);
}

/** Two different cutouts to begin with: from the selection, what was looked at, or by chance. */
export function firstPair(
	n: number,
	selected: ArrayLike<number> | null,
	current: number,
	random: () => number = Math.random,
): [number, number] {
	const wanted = [
		...(selected && selected.length > 1
			? [selected[0] as number, selected[selected.length - 1] as number]
			: []),
		...(current >= 0 ? [current] : []),
	].filter((ordinal, i, all) => ordinal < n && all.indexOf(ordinal) === i);
	while (wanted.length < Math.min(2, n)) {
		const drawn = Math.floor(random() * n);
		if (!wanted.includes(drawn)) wanted.push(drawn);
	}
	return [wanted[0] ?? 0, wanted[1] ?? 0];
}
