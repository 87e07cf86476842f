/** The map's camera: which map coordinate lies in the middle, and how many CSS pixels one unit takes. */

export interface Camera {
	/** map coordinate at the centre of the viewport */
	readonly x: number;
	readonly y: number;
	/** CSS pixels per map unit */
	readonly scale: number;
}

export interface Viewport {
	readonly width: number;
	readonly height: number;
}

export interface Bounds {
	readonly minX: number;
	readonly minY: number;
	readonly maxX: number;
	readonly maxY: number;
}

/** Bounds of the finite points of `positions` ([n, 2] interleaved); null when there is none. */
export function boundsOf(positions: Float32Array): Bounds | null {
	let minX = Infinity;
	let minY = Infinity;
	let maxX = -Infinity;
	let maxY = -Infinity;
	for (let i = 0; i + 1 < positions.length; i += 2) {
		const x = positions[i]!;
		const y = positions[i + 1]!;
		// NaN fails every comparison, so an unplaced cutout changes nothing; infinities are unplaced too.
		if (!(Math.abs(x) < Infinity && Math.abs(y) < Infinity)) continue;
		if (x < minX) minX = x;
		if (x > maxX) maxX = x;
		if (y < minY) minY = y;
		if (y > maxY) maxY = y;
	}
	return minX <= maxX ? { minX, minY, maxX, maxY } : null;
}

/** A camera that shows all of `bounds` with a margin; one point, or none, gets a sane scale too. */
export function fit(bounds: Bounds | null, viewport: Viewport, margin = 0.06): Camera {
	if (!bounds) return { x: 0, y: 0, scale: 50 };
	const width = bounds.maxX - bounds.minX;
	const height = bounds.maxY - bounds.minY;
	const room = 1 - 2 * margin;
	const scale = Math.min(
		width > 0 ? (viewport.width * room) / width : Infinity,
		height > 0 ? (viewport.height * room) / height : Infinity,
	);
	return {
		x: (bounds.minX + bounds.maxX) / 2,
		y: (bounds.minY + bounds.maxY) / 2,
		scale: Number.isFinite(scale) && scale > 0 ? scale : 50,
	};
}

export function toScreen(camera: Camera, view: Viewport, x: number, y: number): [number, number] {
	return [
		(x - camera.x) * camera.scale + view.width / 2,
		view.height / 2 - (y - camera.y) * camera.scale,
	];
}

export function toMap(camera: Camera, view: Viewport, px: number, py: number): [number, number] {
	return [
		(px - view.width / 2) / camera.scale + camera.x,
		(view.height / 2 - py) / camera.scale + camera.y,
	];
}

export function pan(camera: Camera, dx: number, dy: number): Camera {
	return { ...camera, x: camera.x - dx / camera.scale, y: camera.y + dy / camera.scale };
}

/** Zoom by `factor` so that the map coordinate under the pixel (px, py) stays there. */
export function zoomAt(
	camera: Camera,
	view: Viewport,
	px: number,
	py: number,
	factor: number,
	limits: readonly [number, number] = [1e-9, 1e9],
): Camera {
	const scale = Math.min(limits[1], Math.max(limits[0], camera.scale * factor));
	const [x, y] = toMap(camera, view, px, py);
	return {
		x: x - (px - view.width / 2) / scale,
		y: y - (view.height / 2 - py) / scale,
		scale,
	};
}
