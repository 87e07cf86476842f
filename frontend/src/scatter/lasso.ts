/**
 * Freehand lasso: thin the drawn path, then find the points inside.
 *
 * Non-zero winding, so a hand that circles twice still means the inside. Cells of the grid that no
 * edge touches lie wholly inside or outside and are decided once; only points in cells the line
 * runs through are tested one by one, against the edges of their own grid row.
 */

import type { PointGrid } from "./grid";

/** A closed polygon as flat map coordinates x0, y0, x1, y1 …; the last vertex joins the first. */
export type Polygon = readonly number[];

export type LassoMode = "new" | "add" | "subtract";

/** What a drag with these modifiers means: Shift = new, with Ctrl/⌘ = add, with Alt = subtract. */
export function lassoMode(
	keys: { shiftKey: boolean; ctrlKey: boolean; metaKey: boolean; altKey: boolean },
	tool: LassoMode | "pan",
): LassoMode | "pan" {
	if (!keys.shiftKey && tool === "pan") return "pan";
	if (keys.altKey) return "subtract";
	if (keys.ctrlKey || keys.metaKey) return "add";
	return tool === "pan" ? "new" : tool;
}

/** Ramer-Douglas-Peucker: drop vertices nearer than `tolerance` to the line that stays. */
export function simplify(path: Polygon, tolerance: number): number[] {
	const n = path.length >> 1;
	if (n <= 3) return [...path];
	const keep = new Uint8Array(n);
	keep[0] = keep[n - 1] = 1;
	const stack: [number, number][] = [[0, n - 1]];
	while (stack.length) {
		const [first, last] = stack.pop()!;
		const x0 = path[2 * first]!;
		const y0 = path[2 * first + 1]!;
		const dx = path[2 * last]! - x0;
		const dy = path[2 * last + 1]! - y0;
		const length = Math.hypot(dx, dy);
		let farthest = -1;
		let distance = tolerance;
		for (let i = first + 1; i < last; i++) {
			const px = path[2 * i]! - x0;
			const py = path[2 * i + 1]! - y0;
			const d = length > 0 ? Math.abs(px * dy - py * dx) / length : Math.hypot(px, py);
			if (d > distance) {
				farthest = i;
				distance = d;
			}
		}
		if (farthest > 0) {
			keep[farthest] = 1;
			stack.push([first, farthest], [farthest, last]);
		}
	}
	const thinned: number[] = [];
	for (let i = 0; i < n; i++) if (keep[i]) thinned.push(path[2 * i]!, path[2 * i + 1]!);
	return thinned;
}

/** Winding number of `polygon` around (x, y), counting only the listed edges. */
function winding(polygon: Polygon, edges: readonly number[], x: number, y: number): number {
	const n = polygon.length >> 1;
	let turns = 0;
	for (const i of edges) {
		const j = i + 1 === n ? 0 : i + 1;
		const x0 = polygon[2 * i]!;
		const y0 = polygon[2 * i + 1]!;
		const x1 = polygon[2 * j]!;
		const y1 = polygon[2 * j + 1]!;
		if (y0 <= y) {
			if (y1 > y && (x1 - x0) * (y - y0) - (x - x0) * (y1 - y0) > 0) turns++;
		} else if (y1 <= y && (x1 - x0) * (y - y0) - (x - x0) * (y1 - y0) < 0) turns--;
	}
	return turns;
}

/** Is (x, y) inside the polygon (non-zero winding)? */
export function isInside(polygon: Polygon, x: number, y: number): boolean {
	const edges = Array.from({ length: polygon.length >> 1 }, (_, i) => i);
	return winding(polygon, edges, x, y) !== 0;
}

/** Ordinals of the points inside the polygon, ascending. Fewer than three vertices hold nothing. */
export function pointsInside(grid: PointGrid, polygon: Polygon): Int32Array {
	const n = polygon.length >> 1;
	const bounds = grid.bounds;
	if (n < 3 || !bounds) return new Int32Array(0);
	const { columns, rows, start, items, positions } = grid;
	const edgesOfRow: number[][] = Array.from({ length: rows }, () => []);
	const touched = new Uint8Array(columns * rows);
	const limitX = (x: number) =>
		Math.min(columns - 1, Math.max(0, Math.floor((x - bounds.minX) / grid.cellX)));
	for (let i = 0; i < n; i++) {
		const j = i + 1 === n ? 0 : i + 1;
		const x0 = polygon[2 * i]!;
		const y0 = polygon[2 * i + 1]!;
		const x1 = polygon[2 * j]!;
		const y1 = polygon[2 * j + 1]!;
		// one row more on either side: a point on a cell border may fall in the neighbour by rounding
		const first = Math.max(0, grid.row(Math.min(y0, y1)) - 1);
		const last = Math.min(rows - 1, grid.row(Math.max(y0, y1)) + 1);
		for (let row = first; row <= last; row++) {
			edgesOfRow[row]!.push(i);
			const bottom = bounds.minY + (row - 1) * grid.cellY;
			const top = bounds.minY + (row + 2) * grid.cellY;
			let from = Math.min(x0, x1);
			let to = Math.max(x0, x1);
			if (y0 !== y1) {
				const at = (y: number) => x0 + ((y - y0) / (y1 - y0)) * (x1 - x0);
				const a = at(Math.min(Math.max(bottom, Math.min(y0, y1)), Math.max(y0, y1)));
				const b = at(Math.max(Math.min(top, Math.max(y0, y1)), Math.min(y0, y1)));
				from = Math.min(a, b);
				to = Math.max(a, b);
			}
			const column1 = Math.min(columns - 1, limitX(to) + 1);
			for (let c = Math.max(0, limitX(from) - 1); c <= column1; c++) touched[row * columns + c] = 1;
		}
	}
	// marked, then gathered: ascending without a sort, which would cost more than the search
	const marked = new Uint8Array(positions.length >> 1);
	let count = 0;
	const mark = (i: number) => {
		marked[i] = 1;
		count++;
	};
	for (let row = 0; row < rows; row++) {
		const edges = edgesOfRow[row]!;
		if (!edges.length) continue;
		const middle = bounds.minY + (row + 0.5) * grid.cellY;
		let inside: boolean | null = null; // of the current run of untouched cells
		for (let c = 0; c < columns; c++) {
			const cell = row * columns + c;
			if (touched[cell]) {
				inside = null;
				for (let k = start[cell]!; k < start[cell + 1]!; k++) {
					const i = items[k]!;
					if (winding(polygon, edges, positions[2 * i]!, positions[2 * i + 1]!)) mark(i);
				}
				continue;
			}
			inside ??= winding(polygon, edges, bounds.minX + (c + 0.5) * grid.cellX, middle) !== 0;
			if (inside) for (let k = start[cell]!; k < start[cell + 1]!; k++) mark(items[k]!);
		}
	}
	const found = new Int32Array(count);
	for (let i = 0, k = 0; k < count; i++) if (marked[i]) found[k++] = i;
	return found;
}
