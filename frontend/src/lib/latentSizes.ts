/** Autoencoders of one kind that differ in the size of their latent vector. */
import { type Estimate, isAutoencoder, type ModelVersion } from "./modelVersion";

/** The sizes that are tried by "Compare latent sizes". */
export const SIZES = [8, 16, 32, 64] as const;

export interface LatentSize {
	latent: number;
	version: ModelVersion;
	/** Mean loss of the held-out cutouts and the standard error of that mean. */
	loss: { mean: number; error: number; n: number } | null;
	neighbours: Estimate | null;
}

/** What must agree for two versions' losses to be comparable: the kind and what it sees. */
function sees(version: ModelVersion): string {
	const { representation, ignore_orientation } = version.metrics;
	return [version.kind, representation, ignore_orientation].join();
}

/** The versions comparable with this one, the newest of each latent size, smallest size first. */
export function latentSizes(versions: readonly ModelVersion[], like: ModelVersion): LatentSize[] {
	if (!isAutoencoder(like.kind)) return [];
	const newest = new Map<number, ModelVersion>();
	for (const version of versions) {
		const { latent } = version.metrics;
		if (latent === undefined || sees(version) !== sees(like)) continue;
		const known = newest.get(latent);
		if (!known || version.number > known.number) newest.set(latent, version);
	}
	return [...newest]
		.sort((a, b) => a[0] - b[0])
		.map(([latent, version]) => ({
			latent,
			version,
			loss: lossOf(version),
			neighbours: version.metrics.neighbours ?? null,
		}));
}

function lossOf({ metrics }: ModelVersion): LatentSize["loss"] {
	const held = metrics.held_out;
	if (!held) return null;
	return { mean: held.mean, error: (held.sd ?? 0) / Math.sqrt(held.n), n: held.n };
}

/** The sizes that nobody has trained yet. */
export function missingSizes(found: readonly LatentSize[]): number[] {
	return SIZES.filter((size) => !found.some(({ latent }) => latent === size));
}
