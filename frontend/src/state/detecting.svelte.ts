/** Searching an exposure again: what would be found, seen before anything is changed, and the jobs. */
import { type Footprint, fetchFootprints } from "../api/binary";
import { fetchJson, sentence } from "../api/client";
import { fetchLookExposure, type LookPixels } from "../api/look";
import type { components } from "../api/schema.gen";
import type { Job } from "../api/types";
import { footprintsAbove } from "../lib/brightPixels";
import { matchFootprints, ownersOf, type PixelOwners } from "../lib/overlaps";
import { dataset } from "./dataset.svelte";
import type { Exposure } from "./exposures.svelte";
import { isActive, jobs } from "./jobs.svelte";
import { notices } from "./notices.svelte";

type Required<T> = { [K in keyof T]-?: T[K] };
export type Detection = Required<components["schemas"]["Detection"]>;
export type Background = "auto" | "constant" | "columns" | "mesh";
type ThresholdUnit = "sigma" | "adu";

interface Seen {
	exposureId: number;
	pixels: LookPixels;
	/** Below so many sigma not every pixel is known here. */
	floorSigma: number;
	noise: number;
	retired: Footprint[];
}

/** What would become of the cutouts. */
export interface Outlook {
	footprints: Footprint[];
	kept: number;
	returned: number;
	added: number;
	gone: Footprint[];
	goneLabelled: number;
}

const WAIT_MS = 200;

class Detecting {
	/** The exposure that is being looked at; null while none is. */
	exposureId = $state<number | null>(null);
	threshold = $state({ value: 6, unit: "sigma" as ThresholdUnit });
	minPixels = $state(1);
	background = $state<Background>("auto");
	/** Leave out pixels that are hot in most exposures of the detector. */
	maskHot = $state(false);
	all = $state(false);
	seen = $state.raw<Seen | null>(null);
	problem = $state("");
	/** A look or a detection is under way. */
	busy = $state(false);
	#asked = 0;

	/** Begin with what the exposure was searched with. */
	open(exposure: Exposure): void {
		const { threshold, min_pixels } = exposure.calibration;
		const value = Number(threshold.value);
		this.threshold = {
			value: value > 0 ? value : 6,
			unit: threshold.unit === "adu" ? "adu" : "sigma",
		};
		this.minPixels = min_pixels;
		this.background = "auto";
		this.maskHot = "hot pixels" in exposure.calibration.masked;
		this.all = false;
		this.exposureId = exposure.id;
		void this.look();
	}

	close(): void {
		this.exposureId = null;
		this.seen = null;
		this.problem = "";
		this.busy = false;
		this.#asked++;
	}

	/** Have the bright pixels fetched; again for another background. */
	async look(): Promise<void> {
		const [id, asked] = [this.exposureId, ++this.#asked];
		if (id === null) return;
		this.problem = "";
		this.busy = true;
		try {
			const params = { exposure_id: id, background: this.background, mask_hot: this.maskHot };
			const job = await done(await jobs.start("look_at_exposure", params));
			const about = job.result as { floor_sigma: number; noise: number };
			const [pixels, retired] = await Promise.all([
				fetchLookExposure(job.id, new AbortController().signal),
				fetchFootprints(id, true),
			]);
			if (asked !== this.#asked) return;
			const { floor_sigma: floorSigma, noise } = about;
			this.seen = { exposureId: id, pixels, floorSigma, noise, retired };
		} catch (error) {
			if (asked === this.#asked) this.problem = sentence(error);
		} finally {
			if (asked === this.#asked) this.busy = false;
		}
	}

	/** What the threshold as it stands would find in a frame of this size. */
	outlook(size: { height: number; width: number }, there: readonly Footprint[]): Outlook | null {
		const { seen } = this;
		if (!seen || !(this.threshold.value > 0)) return null;
		const strength = this.threshold.unit === "sigma" ? seen.pixels.sigma : seen.pixels.value;
		const bright = { ...size, index: seen.pixels.index, strength };
		const least = Math.max(1, this.minPixels || 1);
		const found = footprintsAbove(bright, this.threshold.value, least);
		const partner = matchFootprints(this.#owners(there, size.width), found, size.width);
		const kept = new Set(partner);
		const free = found.filter((_, i) => partner[i] === -1);
		const back = matchFootprints(this.#owners(seen.retired, size.width), free, size.width);
		const returned = back.filter((p) => p >= 0).length;
		let added = 0;
		let unmatched = 0;
		const footprints = found.map((f, i) => {
			const p = partner[i] as number;
			const known = p >= 0 ? there[p] : seen.retired[back[unmatched++] as number];
			return { ...f, ordinal: known?.ordinal ?? -2 - added++ };
		});
		const gone = there.filter((_, i) => !kept.has(i));
		return {
			footprints,
			kept: found.length - free.length,
			returned,
			added,
			gone,
			goneLabelled: gone.filter((f) => dataset.labels[f.ordinal]).length,
		};
	}

	/** Made once, not at every move of the slider. */
	readonly #known = new WeakMap<readonly Footprint[], PixelOwners>();

	#owners(footprints: readonly Footprint[], width: number): PixelOwners {
		const owners = this.#known.get(footprints) ?? ownersOf(footprints, width);
		this.#known.set(footprints, owners);
		return owners;
	}

	/** Search with what is chosen; the panel closes once it is through. */
	async start(): Promise<void> {
		const exposureId = this.exposureId;
		if (exposureId === null) return;
		const params = {
			threshold: { ...this.threshold },
			min_pixels: Math.max(1, this.minPixels || 1),
			background: this.background,
			mask_hot: this.maskHot,
			...(this.all ? {} : { exposure_ids: [exposureId] }),
		};
		this.busy = true;
		try {
			const job = await done(await jobs.start("detect_again", params));
			if (this.exposureId === exposureId) this.close();
			tell(job);
		} catch (error) {
			this.problem = sentence(error);
		} finally {
			this.busy = false;
		}
	}

	/** Make these detections the current ones. */
	async bringBack(detectionIds: number[], what = "The detection is back"): Promise<void> {
		try {
			const job = await done(
				await jobs.start("bring_back_detections", { detection_ids: detectionIds }),
			);
			const { undo } = job.result as { undo: number[] };
			notices.say(what, undo.length ? undoOf(undo) : undefined);
		} catch (error) {
			notices.say(sentence(error), undefined, "careful");
		}
	}
}

function undoOf(ids: number[]) {
	return { caption: "Undo", run: () => void detecting.bringBack(ids) };
}

/** What a detection came to, with the way back. */
function tell(job: Job): void {
	const result = job.result as {
		words: string;
		undo: number[];
		refused: { exposure: string; reason: string }[];
	};
	for (const one of result.refused) {
		notices.say(`${one.exposure} ${one.reason}`, undefined, "careful");
	}
	if (!result.undo.length) {
		notices.say("Nothing differs: the footprints are those that were there");
		return;
	}
	notices.say(result.words, undoOf(result.undo));
}

/** The job once it is through; throws what it failed with. */
async function done(job: Job): Promise<Job> {
	let at = job;
	while (isActive(at)) {
		await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
		at = await jobs.detail(at.id);
	}
	if (at.state === "succeeded") return at;
	const said = at.error ? [at.error.message, at.error.hint].filter(Boolean).join(" ") : "";
	throw new Error(said || "It was cancelled.");
}

export function fetchDetections(exposureId: number): Promise<Detection[]> {
	return fetchJson<Detection[]>(`/exposures/${exposureId}/detections`);
}

export const detecting = new Detecting();
