/** Which points show their image when the map is near enough: few on screen, none on another. */

import { type Camera, toScreen, type Viewport } from "./camera";
import type { PointGrid } from "./grid";

/** With more points than this in view the map is not near. */
const NEAR = 600;

export interface Thumbnail {
	readonly ordinal: number;
	/** screen position of its point, CSS pixels */
	readonly x: number;
	readonly y: number;
}

/**
 * Points whose thumbnails fit on screen, or none while more than `limit` points are in view.
 *
 * Greedy in ordinal order with first call for `preferred` ones, so that the choice stays the same
 * while the map is dragged instead of flickering.
 */
export function chooseThumbnails(
	grid: PointGrid,
	camera: Camera,
	view: Viewport,
	size: number,
	limit = 600,
	preferred?: (ordinal: number) => boolean,
): { chosen: Thumbnail[]; inView: number } {
	const halfX = view.width / 2 / camera.scale;
	const halfY = view.height / 2 / camera.scale;
	const inView = grid.inRectangle(
		camera.x - halfX,
		camera.y - halfY,
		camera.x + halfX,
		camera.y + halfY,
		limit,
	);
	if (inView.length > limit) return { chosen: [], inView: inView.length };
	inView.sort((a, b) => a - b);
	if (preferred) inView.sort((a, b) => Number(preferred(b)) - Number(preferred(a)));
	const chosen: Thumbnail[] = [];
	const taken = new Map<string, Thumbnail[]>();
	for (const ordinal of inView) {
		const [x, y] = toScreen(
			camera,
			view,
			grid.positions[2 * ordinal]!,
			grid.positions[2 * ordinal + 1]!,
		);
		const column = Math.floor(x / size);
		const row = Math.floor(y / size);
		let free = true;
		for (let r = row - 1; free && r <= row + 1; r++)
			for (let c = column - 1; free && c <= column + 1; c++)
				free = !taken
					.get(`${c},${r}`)
					?.some((other) => Math.abs(other.x - x) < size && Math.abs(other.y - y) < size);
		if (!free) continue;
		const thumbnail = { ordinal, x, y };
		chosen.push(thumbnail);
		const key = `${column},${row}`;
		const there = taken.get(key);
		if (there) there.push(thumbnail);
		else taken.set(key, [thumbnail]);
	}
	return { chosen, inView: inView.length };
}

/**
 * Thumbnails to show, or none while the map is not near: images must cover no more than a third of
 * the pane, and stand for what is there (a quarter of the points has one, or one is so far in that
 * only clumps remain).
 *
 * @param zoom how far in, 1 = the whole map
 * @param lit 1 per point that is not greyed; those have first call
 */
export function nearThumbnails(
	grid: PointGrid,
	camera: Camera,
	view: Viewport,
	size: number,
	zoom: number,
	lit: Uint8Array | null,
): Thumbnail[] {
	const first = lit ? (ordinal: number) => lit[ordinal] === 1 : undefined;
	const { chosen, inView } = chooseThumbnails(grid, camera, view, size, NEAR, first);
	const most = (view.width * view.height) / size ** 2 / 3;
	const telling = zoom >= 4 || chosen.length >= inView / 4;
	return telling && chosen.length <= most ? chosen : [];
}
