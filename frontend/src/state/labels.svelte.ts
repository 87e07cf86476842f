/** Recording judgements: on the screen at once, in the outbox at once, on the server soon. */
import { api, given, isOffline, Problem } from "../api/client";
import type { components } from "../api/schema.gen";
import { type Entry, memoryStore, Outbox, type Outcome, openStore } from "../lib/outbox";
import type { Effect } from "../lib/overlay";
import { uuid } from "../lib/uuid";
import { app } from "./app.svelte";
import { dataset } from "./dataset.svelte";

export type How =
	| "key"
	| "gallery"
	| "lasso"
	| "cluster"
	| "import"
	| "suggestion"
	| "matrix"
	| "review"
	| "repeat";

export interface Judgement {
	/** Class to give; null takes the label away; left out leaves it. */
	classId?: number | null;
	dubious?: boolean;
	note?: string;
}

/** One action of this session, for "12 s ago: muon" and for undo without a round trip. */
export interface Done {
	key: string;
	ordinals: Int32Array;
	classId: number | null;
	/** What was given, in a word or two: a class, "dubious", "note" …. */
	what: string;
	before: Effect;
	after: Effect;
	at: number;
}

type LabelIn = components["schemas"]["LabelIn"];
type StepAnswer = components["schemas"]["StepAnswer"];

const DUBIOUS = 1;
const NOTE = 2;

class SaveState {
	pending = $state(0);
	offline = $state(false);
	lastSavedAt = $state<number | null>(null);
	/** Actions the server refused, with why; they are off the screen again. */
	refused = $state.raw<{ n: number; reason: string }[]>([]);
	/** True once the outbox is open (labels given before wait in memory). */
	durable = $state(false);
}

export const saveState = new SaveState();

class LabelLog {
	/** Undoable actions of this session, oldest first. */
	done = $state.raw<Done[]>([]);
	undone = $state.raw<Done[]>([]);
	/** Cutouts that the last undo or redo touched; a new array each time. */
	lastTouched = $state.raw<Int32Array>(new Int32Array(0));
	/** Whether that was a redo: one then goes on, where an undo stays to judge anew. */
	lastWasRedo = false;
	/** What the last undo or redo was, for a quiet line on the screen. */
	message = $state("");

	get last(): Done | undefined {
		return this.done[this.done.length - 1];
	}
}

export const log = new LabelLog();

let outbox: Outbox | null = null;

async function send(entry: Entry): Promise<Outcome> {
	const options = {
		params: { path: { dataset_id: entry.datasetId } },
		// A page that closes may still deliver small bodies; larger ones wait in the outbox.
		keepalive: entry.effect.ordinals.length < 1000,
		signal: AbortSignal.timeout(30_000),
	};
	const labels = "/api/v1/datasets/{dataset_id}/labels";
	try {
		const answer =
			entry.kind === "label"
				? await given(api.POST(labels, { ...options, body: entry.body as unknown as LabelIn }))
				: await given(
						api.POST(`${labels}/${entry.kind}`, { ...options, body: { key: entry.key } }),
					);
		return { state: "done", answer };
	} catch (error) {
		if (isOffline(error)) return { state: "later" };
		return { state: "refused", reason: error instanceof Problem ? error.message : String(error) };
	}
}

function onDone(entry: Entry, answer: unknown): void {
	saveState.lastSavedAt = Date.now();
	if (entry.datasetId !== dataset.id) return;
	dataset.acknowledged();
	if (entry.kind === "label") {
		dataset.overlay.confirm(entry.key);
		return;
	}
	const { ordinals, class_ids, flags } = answer as StepAnswer;
	dataset.overlay.confirm(entry.key, {
		ordinals: Int32Array.from(ordinals),
		classIds: Int32Array.from(class_ids),
		flags: Uint8Array.from(flags),
	});
	if (entry.effect.ordinals.length === 0) {
		log.lastWasRedo = entry.kind === "redo";
		log.lastTouched = Int32Array.from(ordinals);
	}
	dataset.touched();
}

function onRefused(entry: Entry, reason: string): void {
	if (entry.datasetId === dataset.id) {
		dataset.overlay.drop(entry.key);
		dataset.touched();
	}
	log.done = log.done.filter((done) => done.key !== entry.key);
	// An undo with nothing to undo is an answer, not a loss.
	if (entry.kind === "label") {
		saveState.refused = [...saveState.refused, { n: entry.effect.ordinals.length, reason }];
	} else {
		log.message = reason;
	}
}

/** Open the outbox and send what an earlier page left. Called once, before a dataset opens. */
export async function startLabels(): Promise<void> {
	const events = {
		onDone,
		onRefused,
		onState(state: { pending: number; offline: boolean }) {
			saveState.pending = state.pending;
			saveState.offline = state.offline;
		},
	};
	try {
		outbox = new Outbox(await openStore(), send, events);
		saveState.durable = true;
	} catch {
		outbox = new Outbox(memoryStore(), send, events);
	}
	dataset.pendingOf = (id) => outbox?.entries(id).map((entry) => entry.effect) ?? [];
	await outbox.resume();
	window.addEventListener("online", () => outbox?.nudge());
	window.addEventListener("beforeunload", (event) => {
		if (saveState.pending > 0) event.preventDefault();
	});
}

function dispatch(
	kind: Entry["kind"],
	key: string,
	body: Record<string, unknown>,
	effect: Effect,
): Effect {
	const before = dataset.overlay.push({ key, ...effect });
	dataset.touched();
	void outbox
		?.add({ key, kind, datasetId: dataset.id as number, body, effect: { key, ...effect } })
		.catch(() => {
			// The entry is in memory and on its way; only a crash before the answer could lose it.
			saveState.durable = false;
		});
	return before;
}

/** Judge cutouts. Returns at once: the screen is right, the outbox has it. */
export function record(
	ordinals: ArrayLike<number>,
	judgement: Judgement,
	how: How,
	context: Record<string, unknown> = {},
): Done | null {
	if (dataset.id === null || app.readOnly || ordinals.length === 0) return null;
	const list = Int32Array.from(ordinals);
	const { classId, dubious, note } = judgement;
	const touchesFlags = dubious !== undefined || note !== undefined;
	const effect: Effect = {
		ordinals: list,
		classIds: classId === undefined ? null : new Int32Array(list.length).fill(classId ?? 0),
		flags: touchesFlags
			? Uint8Array.from(list, (o) => {
					let flags = dataset.overlay.flags[o] ?? 0;
					if (dubious !== undefined) flags = dubious ? flags | DUBIOUS : flags & ~DUBIOUS;
					if (note !== undefined) flags = note ? flags | NOTE : flags & ~NOTE;
					return flags;
				})
			: null,
	};
	const key = uuid();
	const body: Record<string, unknown> = { key, ordinals: Array.from(list), how, context };
	if (classId !== undefined) body.class_id = classId;
	if (dubious !== undefined) body.dubious = dubious;
	if (note !== undefined) body.note = note;
	const before = dispatch("label", key, body, effect);
	const done: Done = {
		key,
		ordinals: list,
		classId: classId ?? null,
		what: wordFor(judgement),
		before,
		after: dataset.overlay.read(list),
		at: Date.now(),
	};
	log.done = [...log.done.slice(-999), done];
	log.undone = [];
	log.message = "";
	return done;
}

function wordFor({ classId, dubious, note }: Judgement): string {
	if (classId) return dataset.classById(classId)?.name ?? "label";
	if (classId === null) return "label removed";
	if (dubious !== undefined) return dubious ? "dubious" : "not dubious";
	return note ? "note" : "note removed";
}

const nothing: Effect = { ordinals: new Int32Array(0), classIds: null, flags: null };

/**
 * Take back the last action, however many cutouts it touched; once more for the one before it. The
 * ordinals touched are returned where this session made the action; an older one is named by the
 * server's answer and arrives in `log.lastTouched`.
 */
export function undo(): Int32Array | null {
	if (dataset.id === null || app.readOnly) return null;
	const key = uuid();
	const last = log.done[log.done.length - 1];
	dispatch("undo", key, { key }, last?.before ?? nothing);
	if (!last) return null;
	log.done = log.done.slice(0, -1);
	log.undone = [...log.undone, last];
	log.lastWasRedo = false;
	log.lastTouched = last.ordinals.slice();
	return last.ordinals;
}

/** Do again what was undone last. */
export function redo(): Int32Array | null {
	if (dataset.id === null || app.readOnly) return null;
	const key = uuid();
	const last = log.undone[log.undone.length - 1];
	dispatch("redo", key, { key }, last?.after ?? nothing);
	if (!last) return null;
	log.undone = log.undone.slice(0, -1);
	log.done = [...log.done, last];
	log.lastWasRedo = true;
	log.lastTouched = last.ordinals.slice();
	return last.ordinals;
}

/** Forget the session's undo stack (another dataset was opened; the server's stack stays). */
export function forgetSession(): void {
	log.done = [];
	log.undone = [];
	log.lastTouched = new Int32Array(0);
	log.message = "";
}
