/**
 * Hand to map: drag pans, wheel and pinch zoom around the pointer, Shift-drag (or the lasso tool)
 * draws a lasso, a click picks, a double click shows all; arrows, + and - do the same by key.
 */

import { type LassoMode, lassoMode, pointsInside, simplify } from "./lasso";
import type { MapView } from "./view";

export interface MapEvents {
	/** Cutout under the pointer, -1 for none, and where the pointer is (CSS px in the map). */
	onhover(ordinal: number, x: number, y: number): void;
	onpick(ordinal: number, event: PointerEvent): void;
	/** A closed lasso: its polygon in map coordinates and the cutouts inside, ascending. */
	onlasso(polygon: number[], ordinals: Int32Array, mode: LassoMode): void;
}

/** A press that moved less than this is a click, CSS px. */
const CLICK = 4;
/** Vertices of a lasso nearer than this to the line of their neighbours are dropped, CSS px. */
const TOLERANCE = 0.75;

/** Listen on the map's upper canvas; returns what stops listening. */
export function listenToHand(
	view: MapView,
	events: MapEvents,
	tool: () => LassoMode | "pan",
): () => void {
	const canvas = view.top;
	const pointers = new Map<number, { x: number; y: number }>();
	let pressed: { x: number; y: number; mode: LassoMode | "pan" } | null = null;
	let dragged = false;
	let pinch = 0;

	const at = (event: MouseEvent) => {
		const box = canvas.getBoundingClientRect();
		return { x: event.clientX - box.left, y: event.clientY - box.top };
	};
	const spread = () => {
		const [a, b] = [...pointers.values()];
		if (!a || !b) return { x: 0, y: 0, distance: 0 };
		return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, distance: Math.hypot(a.x - b.x, a.y - b.y) };
	};

	const down = (event: PointerEvent) => {
		if (event.button !== 0 && event.button !== 1) return;
		const point = at(event);
		pointers.set(event.pointerId, point);
		canvas.setPointerCapture(event.pointerId);
		if (pointers.size === 2) {
			pinch = spread().distance;
			view.path = null;
			pressed = null;
			return;
		}
		pressed = { ...point, mode: event.button === 1 ? "pan" : lassoMode(event, tool()) };
		dragged = false;
		if (event.button === 1) event.preventDefault();
	};

	const move = (event: PointerEvent) => {
		const point = at(event);
		const before = pointers.get(event.pointerId);
		if (!before) {
			if (event.buttons === 0) events.onhover(view.pick(point.x, point.y), point.x, point.y);
			return;
		}
		if (pointers.size === 2) {
			const old = spread();
			pointers.set(event.pointerId, point);
			const now = spread();
			view.panBy(now.x - old.x, now.y - old.y);
			if (pinch > 0 && old.distance > 0) view.zoomBy(now.x, now.y, now.distance / old.distance);
			return;
		}
		pointers.set(event.pointerId, point);
		if (!pressed) return;
		if (!dragged && Math.hypot(point.x - pressed.x, point.y - pressed.y) < CLICK) return;
		if (!dragged) events.onhover(-1, point.x, point.y);
		if (pressed.mode === "pan") {
			const from = dragged ? before : pressed;
			view.panBy(point.x - from.x, point.y - from.y);
		} else {
			if (!view.path) {
				view.path = [...view.mapAt(pressed.x, pressed.y)];
				view.pathMode = pressed.mode;
			}
			// the browser merges moves between frames; a fast hand draws a round lasso all the same
			const steps = event.getCoalescedEvents?.() ?? [];
			for (const step of steps.length ? steps : [event]) {
				const { x, y } = at(step);
				view.path.push(...view.mapAt(x, y));
			}
			view.redrawOverlay();
		}
		dragged = true;
	};

	const up = (event: PointerEvent) => {
		if (!pointers.delete(event.pointerId)) return;
		const path = view.path;
		view.path = null;
		if (pressed && !dragged && event.type === "pointerup") {
			events.onpick(view.pick(pressed.x, pressed.y), event);
		} else if (path && event.type === "pointerup" && pressed && pressed.mode !== "pan") {
			const polygon = simplify(path, TOLERANCE / view.camera.scale);
			events.onlasso(polygon, pointsInside(view.grid, polygon), pressed.mode);
		}
		if (pointers.size === 0) pressed = null;
		view.redrawOverlay();
	};

	const wheel = (event: WheelEvent) => {
		event.preventDefault();
		const { x, y } = at(event);
		// lines and pages of old mice in px; a pinch on a trackpad arrives as a wheel with Ctrl
		const unit = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 400 : 1;
		const rate = event.ctrlKey ? 0.01 : 0.0018;
		view.zoomBy(x, y, Math.exp(-Math.max(-400, Math.min(400, event.deltaY * unit)) * rate));
		events.onhover(-1, x, y);
	};

	const leave = () => {
		if (pointers.size === 0) events.onhover(-1, 0, 0);
	};
	const double = (event: MouseEvent) => {
		const { x, y } = at(event);
		if (view.pick(x, y) < 0) view.showAll();
	};

	const key = (event: KeyboardEvent) => {
		if (event.ctrlKey || event.metaKey || event.altKey) return;
		const [step, middleX, middleY] = [60, view.size.width / 2, view.size.height / 2];
		const acts: Record<string, () => void> = {
			ArrowLeft: () => view.panBy(step, 0),
			ArrowRight: () => view.panBy(-step, 0),
			ArrowUp: () => view.panBy(0, step),
			ArrowDown: () => view.panBy(0, -step),
			"+": () => view.zoomBy(middleX, middleY, 1.4),
			"=": () => view.zoomBy(middleX, middleY, 1.4),
			"-": () => view.zoomBy(middleX, middleY, 1 / 1.4),
			"0": () => view.showAll(),
		};
		const act = acts[event.key];
		if (!act) {
			if (event.key === "Escape" && view.path) {
				view.path = null;
				pressed = null;
				view.redrawOverlay();
				event.stopPropagation();
			}
			return;
		}
		act();
		event.preventDefault();
		event.stopPropagation();
	};

	const menu = (event: MouseEvent) => {
		// Ctrl-click is a right click on a Mac; with Shift it is "add to the selection" here
		if (event.shiftKey) event.preventDefault();
	};

	const stop = new AbortController();
	const options = { signal: stop.signal };
	canvas.addEventListener("pointerdown", down, options);
	canvas.addEventListener("pointermove", move, options);
	canvas.addEventListener("pointerup", up, options);
	canvas.addEventListener("pointercancel", up, options);
	canvas.addEventListener("pointerleave", leave, options);
	canvas.addEventListener("wheel", wheel, { ...options, passive: false });
	canvas.addEventListener("dblclick", double, options);
	canvas.addEventListener("keydown", key, options);
	canvas.addEventListener("contextmenu", menu, options);
	return () => stop.abort();
}
