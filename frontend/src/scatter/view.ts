/**
 * The map on screen: camera, frames, the move from an old map to its successor, and the overlay
 * (lasso, glow, thumbnails). Gestures come from `gestures.ts`. Free of any framework.
 */

import {
	type Bounds,
	boundsOf,
	type Camera,
	fit,
	pan,
	toMap,
	toScreen,
	type Viewport,
	zoomAt,
} from "./camera";
import type { Colouring } from "./colours";
import { PointGrid } from "./grid";
import type { LassoMode } from "./lasso";
import { drawLasso, drawRing, drawThumbnail, type OverlayTheme } from "./overlay";
import { markerOpacity, markerSize, Renderer, type RendererTheme } from "./renderer";
import { nearThumbnails, type Thumbnail } from "./thumbnails";

export interface MapTheme extends RendererTheme, OverlayTheme {}

/** The part of the map in view, map coordinates. */
export interface Visible extends Bounds {
	/** no point is in view */
	readonly empty: boolean;
}

/** Time of the move to a refitted map, ms: long enough to follow a group with the eye. */
const MOVE = 900;
/** After this pause without input the hand counts as at rest, ms. */
const REST = 150;
/** Side of a thumbnail on the map, CSS px. */
export const THUMBNAIL = 44;

export class MapView {
	camera: Camera = { x: 0, y: 0, scale: 50 };
	size: Viewport = { width: 1, height: 1 };
	hovered = -1;
	current = -1;
	/** Path of the lasso being drawn, map coordinates; null when none is. */
	path: number[] | null = null;
	pathMode: LassoMode = "new";
	/** Image of a cutout as thumbnail, or undefined while it is not there; null = show none. */
	image: ((ordinal: number) => CanvasImageSource | undefined) | null = null;
	/** Told what part of the map is in view, whenever that changes. */
	onview: ((visible: Visible) => void) | null = null;
	/** Told which cutouts are shown as thumbnails, so that their pixels can be fetched. */
	onthumbnails: ((ordinals: number[]) => void) | null = null;

	private readonly renderer: Renderer;
	private readonly overlay: CanvasRenderingContext2D;
	private positions: Float32Array = new Float32Array(0);
	private colouring: Colouring | null = null;
	private lit: Uint8Array | null = null;
	private theme!: MapTheme;
	private lazyGrid: PointGrid | null = null;
	private fitted: Camera = this.camera;
	private untouched = true;
	private space = "";
	private frame = 0;
	private pointsStale = true;
	private movedAt = -Infinity;
	private moveStart = -1;
	private moveCamera: [Camera, Camera] | null = null;
	private restTimer = 0;
	private shown: Thumbnail[] = [];
	private readonly calm = window.matchMedia("(prefers-reduced-motion: reduce)");

	/** @throws NoWebGL */
	constructor(
		readonly base: HTMLCanvasElement,
		readonly top: HTMLCanvasElement,
		theme: MapTheme,
	) {
		this.renderer = new Renderer(base, () => this.redraw());
		this.overlay = top.getContext("2d") as CanvasRenderingContext2D;
		this.setTheme(theme);
	}

	/** Index over the points; built at its first use, after the first frame has been drawn. */
	get grid(): PointGrid {
		this.lazyGrid ??= new PointGrid(this.positions);
		return this.lazyGrid;
	}

	get n(): number {
		return this.positions.length >> 1;
	}

	/** How far in, 1 = the whole map. */
	get zoom(): number {
		return this.camera.scale / this.fitted.scale;
	}

	/**
	 * Show these points; a map of the same cutouts that replaces another moves there smoothly. In
	 * another `space` (two columns instead of the map) the camera starts anew.
	 */
	setPositions(positions: Float32Array, space = ""): void {
		const successor = this.n > 0 && positions.length === this.positions.length;
		this.untouched ||= space !== this.space;
		this.space = space;
		const animate = successor && !this.calm.matches;
		this.positions = positions;
		this.lazyGrid = null;
		this.renderer.setPositions(positions, animate);
		const fitted = fit(boundsOf(positions), this.size);
		const target = this.untouched || !successor ? fitted : this.camera;
		this.fitted = fitted;
		if (animate) {
			this.moveStart = performance.now();
			this.moveCamera = [this.camera, target];
		} else {
			this.camera = target;
			this.untouched ||= !successor;
		}
		this.redraw();
		// ready before the hand comes; the first frame goes first
		const idle = window.requestIdleCallback ?? ((run: () => void) => setTimeout(run, 200));
		idle(() => this.positions === positions && this.grid);
	}

	setColouring(colouring: Colouring): void {
		if (colouring.index.length !== this.n) return; // of the map before; the next one is on its way
		this.colouring = colouring;
		this.renderer.setColours(colouring.index, colouring.palette);
		this.redraw();
	}

	setLit(lit: Uint8Array | null): void {
		if (lit && lit.length !== this.n) return;
		this.lit = lit;
		this.renderer.setLit(lit);
		// a brush being dragged sends these in a row: draw a sample until it stops
		if (this.n > 200_000) this.movedAt = performance.now();
		this.redraw();
	}

	setTheme(theme: MapTheme): void {
		this.theme = theme;
		this.renderer.setTheme(theme);
		this.redraw();
	}

	resize(width: number, height: number): void {
		if (width < 1 || height < 1) return;
		this.size = { width, height };
		const fitted = fit(boundsOf(this.positions), this.size);
		if (this.untouched) this.camera = fitted;
		this.fitted = fitted;
		this.redraw();
	}

	panBy(dx: number, dy: number): void {
		this.touch(pan(this.camera, dx, dy));
	}

	zoomBy(px: number, py: number, factor: number): void {
		const limits = [this.fitted.scale * 0.2, this.fitted.scale * 5000] as const;
		this.touch(zoomAt(this.camera, this.size, px, py, factor, limits));
	}

	showAll(): void {
		this.touch(this.fitted);
		this.untouched = true;
	}

	/** Bring a point into view, without zooming, if it is not. */
	reveal(ordinal: number): void {
		const [x, y] = this.screenOf(ordinal);
		const margin = 24;
		if (
			!(x < margin || y < margin || x > this.size.width - margin || y > this.size.height - margin)
		)
			return;
		const [mx, my] = [this.positions[2 * ordinal], this.positions[2 * ordinal + 1]];
		if (mx === undefined || my === undefined || !Number.isFinite(mx + my)) return;
		this.touch({ ...this.camera, x: mx, y: my });
	}

	screenOf(ordinal: number): [number, number] {
		return toScreen(
			this.camera,
			this.size,
			this.positions[2 * ordinal] ?? Number.NaN,
			this.positions[2 * ordinal + 1] ?? Number.NaN,
		);
	}

	mapAt(px: number, py: number): [number, number] {
		return toMap(this.camera, this.size, px, py);
	}

	/** The cutout under the pointer: a thumbnail where one is shown, else the nearest point. */
	pick(px: number, py: number): number {
		const half = THUMBNAIL / 2;
		for (const { ordinal, x, y } of this.shown)
			if (Math.abs(px - x) <= half && Math.abs(py - y) <= half) return ordinal;
		if (!this.n || this.moveStart >= 0) return -1;
		const [x, y] = this.mapAt(px, py);
		const reach = Math.max(8, markerSize(this.n, this.zoom)) / this.camera.scale;
		const lit = this.lit;
		const near = lit ? this.grid.nearest(x, y, reach, (i) => lit[i] === 1) : -1;
		return near >= 0 ? near : this.grid.nearest(x, y, reach);
	}

	/** Redraw points and overlay with the next frame. */
	redraw(): void {
		this.pointsStale = true;
		this.redrawOverlay();
	}

	redrawOverlay(): void {
		if (!this.frame) this.frame = requestAnimationFrame((now) => this.draw(now));
	}

	/** Draw everything now and wait for it, returning ms; for measurements. */
	measure(): number {
		const began = performance.now();
		this.drawPoints(false);
		this.renderer.finish();
		return performance.now() - began;
	}

	destroy(): void {
		cancelAnimationFrame(this.frame);
		clearTimeout(this.restTimer);
		this.renderer.destroy();
	}

	private touch(camera: Camera): void {
		this.camera = camera;
		this.untouched = false;
		this.moveCamera = null;
		this.movedAt = performance.now();
		this.redraw();
	}

	private draw(now: number): void {
		this.frame = 0;
		const stepping = this.moveStart >= 0;
		if (stepping) {
			const t = Math.min(1, Math.max(0, (now - this.moveStart) / MOVE));
			const eased = t < 0.5 ? 4 * t ** 3 : 1 - (2 - 2 * t) ** 3 / 2;
			this.renderer.blend = t >= 1 ? 1 : eased;
			if (this.moveCamera) {
				const [a, b] = this.moveCamera;
				this.camera = {
					x: a.x + (b.x - a.x) * eased,
					y: a.y + (b.y - a.y) * eased,
					scale: a.scale * (b.scale / a.scale) ** eased,
				};
			}
			if (t >= 1) this.moveStart = -1;
			this.pointsStale = true;
		}
		const moving = this.moveStart >= 0 || performance.now() - this.movedAt < REST;
		if (this.pointsStale) {
			this.tellView();
			this.pointsStale = false;
			this.drawPoints(moving);
			if (moving) {
				clearTimeout(this.restTimer);
				this.restTimer = window.setTimeout(() => this.redraw(), REST + 20);
				if (this.n > 50_000) requestAnimationFrame((next) => this.renderer.adapt(next - now));
			}
		}
		this.drawOverlay();
		if (this.moveStart >= 0) this.redraw();
	}

	private tellView(): void {
		if (!this.onview) return;
		const [minX, maxY] = this.mapAt(0, 0);
		const [maxX, minY] = this.mapAt(this.size.width, this.size.height);
		const settled = this.moveStart < 0 && this.n > 0;
		const empty = settled && this.grid.inRectangle(minX, minY, maxX, maxY, 0).length === 0;
		this.onview({ minX, minY, maxX, maxY, empty });
	}

	private drawPoints(moving: boolean): void {
		const ratio = window.devicePixelRatio || 1;
		this.renderer.resize(this.size, ratio);
		const { camera, size, zoom, n } = this;
		this.renderer.draw(camera, size, ratio, markerSize(n, zoom), markerOpacity(n, zoom), moving);
	}

	private drawOverlay(): void {
		const context = this.overlay;
		const ratio = window.devicePixelRatio || 1;
		const [width, height] = [
			Math.round(this.size.width * ratio),
			Math.round(this.size.height * ratio),
		];
		if (this.top.width !== width || this.top.height !== height) {
			this.top.width = width;
			this.top.height = height;
		}
		context.setTransform(ratio, 0, 0, ratio, 0, 0);
		context.clearRect(0, 0, this.size.width, this.size.height);
		this.shown =
			this.image && this.moveStart < 0 && this.n
				? nearThumbnails(this.grid, this.camera, this.size, THUMBNAIL + 4, this.zoom, this.lit)
				: [];
		if (this.shown.length) this.onthumbnails?.(this.shown.map((t) => t.ordinal));
		for (const { ordinal, x, y } of this.shown) {
			const image = this.image?.(ordinal);
			if (image)
				drawThumbnail(context, image, x, y, THUMBNAIL, this.edgeOf(ordinal), this.isGrey(ordinal));
		}
		const marker = markerSize(this.n, this.zoom);
		for (const [ordinal, strong] of [
			[this.current, false],
			[this.hovered, true],
		] as const) {
			if (ordinal < 0 || ordinal >= this.n || this.moveStart >= 0) continue;
			const [x, y] = this.screenOf(ordinal);
			const framed = this.shown.some((t) => t.ordinal === ordinal);
			if (Number.isFinite(x))
				drawRing(context, x, y, framed ? THUMBNAIL : marker, framed, strong, this.theme);
		}
		if (this.path) {
			const screen: number[] = [];
			for (let i = 0; i + 1 < this.path.length; i += 2)
				screen.push(
					...toScreen(this.camera, this.size, this.path[i] as number, this.path[i + 1] as number),
				);
			drawLasso(context, screen, this.pathMode, this.theme);
		}
	}

	private isGrey(ordinal: number): boolean {
		return this.lit !== null && this.lit[ordinal] !== 1;
	}

	private edgeOf(ordinal: number): string {
		const { colouring } = this;
		if (!colouring || this.isGrey(ordinal)) return this.theme.line;
		const at = 4 * (colouring.index[ordinal] ?? 255);
		const [r, g, b] = colouring.palette.subarray(at, at + 3);
		return `rgb(${r} ${g} ${b})`;
	}
}
