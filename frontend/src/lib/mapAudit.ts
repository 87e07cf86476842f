/** What a job that drew a map says of it: how it was made, what drives it, how it agrees. */
import { count, percent } from "./format";

export interface Angle {
	mean: number;
	error: number;
	sd: number;
	n: number;
	/** What neighbours at random among these cutouts would have. */
	chance: number;
}

export interface MapAudit {
	embedding: string;
	model_version_id: number | null;
	n: number;
	retrieval: { share: number; n: number; sample: number } | null;
	angle: Angle | null;
	folded_angle: Angle | null;
	unclustered: number | null;
	labels: {
		n: number;
		ari: number | null;
		nmi: number | null;
		purity: number | null;
		unclustered: number | null;
		/** The model was trained on these very labels. */
		seen: boolean;
		neighbours: { mean: number; sd: number | null; n: number } | null;
	} | null;
	/** Why a figure is missing, by its name. */
	reasons: Record<string, string>;
}

export interface MapResult {
	embedding?: string;
	method?: string;
	model_version_id?: number | null;
	map_version_id?: number | null;
	clusters?: number;
	unclustered?: number;
	trustworthiness?: { value: number; n: number; neighbours: number } | null;
	embedded_now?: number;
	placed?: number | null;
	seconds?: number;
	audit?: MapAudit;
}

export const EMBEDDINGS: Record<string, string> = {
	measurements: "measurements",
	penultimate: "classifier's penultimate layer",
	latent: "autoencoder's latent vectors",
	self_supervised: "self-supervised embedding",
};

const METHODS: Record<string, string> = { umap: "UMAP", parametric_umap: "Parametric UMAP" };

/** "UMAP of the measurements" */
export function mapTitle(result: MapResult): string {
	const what = result.audit?.embedding ?? result.embedding ?? "";
	return `${METHODS[result.method ?? "umap"] ?? "Map"} of the ${EMBEDDINGS[what] ?? "vectors"}`;
}

/** From a job's result, whichever kind of job drew the map; null where it says nothing of it. */
export function mapResult(result: unknown): MapResult | null {
	if (typeof result !== "object" || result === null) return null;
	const found = result as MapResult;
	return found.audit || found.method ? found : null;
}

export interface Verdict {
	/** The figures, and what they come to. */
	text: string;
	/** Direction drives the map, or part of it. */
	careful: boolean;
}

/** Degrees that neighbours must lie nearer than chance before it is worth a warning. */
const WORTH = 5;

/** How far below chance, beyond what the spread allows. */
function drawn(angle: Angle): boolean {
	return angle.chance - angle.mean > Math.max(WORTH, 3 * angle.error);
}

/** Turned copies and neighbours' angles in sentences: does direction play a part? */
export function verdict(audit: MapAudit): Verdict {
	const { retrieval, angle } = audit;
	const said: string[] = [];
	if (retrieval) {
		said.push(`Turned copies find their original: ${percent(retrieval.share)}.`);
	} else if (audit.reasons.retrieval) {
		said.push(`Turned copies could not be looked for: ${lower(audit.reasons.retrieval)}`);
	}
	if (angle) {
		said.push(
			`Neighbours' angles: ${angle.mean.toFixed(0)}° ± ${angle.error.toFixed(0)}° ` +
				`(${angle.chance.toFixed(0)}° is chance).`,
		);
	} else if (audit.reasons.angle) said.push(audit.reasons.angle);
	const lost = retrieval !== null && retrieval.share < 0.5;
	const sorted = angle !== null && drawn(angle);
	if (sorted || lost) {
		said.push(
			sorted && (angle?.mean ?? 90) < (angle?.chance ?? 0) / 2
				? "These clusters are directions more than kinds."
				: "Direction plays a part in these clusters.",
		);
		said.push(
			"Map the measurements, or an embedding trained with “ignore orientation”, to be rid of it.",
		);
	} else if (retrieval && angle) {
		said.push(
			retrieval.share >= 0.99
				? remainder(audit) || "Direction plays no part."
				: "Direction hardly plays a part; some turned copies lie a little apart from themselves.",
		);
	}
	return { text: said.join(" "), careful: sorted || lost };
}

/** What is left of the direction once quarter turns and reflections are taken out; "" if nothing. */
function remainder(audit: MapAudit): string {
	const rest = audit.folded_angle;
	if (!rest || !drawn(rest)) return "";
	return (
		"Quarter turns and reflections play no part; within a quarter turn neighbours still lie " +
		`${rest.mean.toFixed(0)}° apart (${rest.chance.toFixed(0)}° is chance, n = ${count(rest.n)}).`
	);
}

function lower(sentence: string): string {
	return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}
