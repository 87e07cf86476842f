/** The line of cuts: what is typed, pasted, saved or shared by link becomes Explore's cuts. */
import { untrack } from "svelte";
import { CutError, isRange, parseCuts } from "../../lib/cuts";
import { app, replaceQuery } from "../../state/app.svelte";
import { dataset } from "../../state/dataset.svelte";
import { models } from "../../state/models.svelte";
import { namedColumn } from "./cutNames.svelte";
import { explore, numberColumns } from "./explore.svelte";

class CutLine {
	draft = $state("");
	/** Why the draft is not in force; "" while it is. */
	problem = $state("");

	/** Make a string the cuts in force; where it cannot be, it stays to be mended, and says why. */
	apply(text: string): boolean {
		this.draft = text;
		try {
			const cuts = parseCuts(text, (name, kind) =>
				kind === "name"
					? namedColumn(name) !== null
					: numberColumns().some((c) => c.name === name) && namedColumn(name) === null,
			);
			for (const cut of cuts) {
				const places = isRange(cut) ? null : namedColumn(cut.column)?.places;
				if (isRange(cut) || !places) continue;
				const unknown = cut.names.find((name) => !places.has(name));
				if (unknown !== undefined && places.size)
					throw new CutError(
						`There is no ${cut.column} “${unknown}”; there are ${[...places.keys()].join(", ")}.`,
					);
			}
			explore.cuts = cuts;
			explore.picked = new Set();
			this.problem = "";
			this.draft = explore.cutText;
			return true;
		} catch (error) {
			if (!(error instanceof CutError)) throw error;
			this.problem = error.message;
			return false;
		}
	}

	/** Show what is in force again. */
	restore(): void {
		this.draft = explore.cutText;
		this.problem = "";
	}

	clear(): void {
		explore.cuts = [];
		this.restore();
	}
}

export const cutLine = new CutLine();

/**
 * Keep the cuts in the page's address, `?cut=…`, so that a selection can be sent as a link; a link
 * that is opened puts its cuts in force. Called once while Explore is on the screen.
 */
export function followCutInAddress(): void {
	let known: string | null = null;
	$effect(() => {
		const inAddress = app.route.query.cut ?? "";
		const text = explore.cutText;
		if (!dataset.ready || app.route.view !== "explore") return;
		// A cut on predictions needs the names of the model's classes.
		const modelId = dataset.columnByName("predicted")?.model_version_id;
		if (inAddress.includes("predicted") && modelId && !models.detail(modelId)) {
			void models.loadDetail(modelId).catch(() => {});
			return;
		}
		untrack(() => {
			if (inAddress && inAddress !== known && inAddress !== text) {
				known = inAddress;
				cutLine.apply(inAddress);
				return;
			}
			// A link that could not be read stays in the address as long as nothing else is in force.
			if (cutLine.problem && inAddress === known && !text) return;
			known = text;
			if (text === inAddress) return;
			const { cut: _, ...rest } = app.route.query;
			replaceQuery(text ? { ...rest, cut: text } : rest);
		});
	});
}
