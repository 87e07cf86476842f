/** Which tiles of a long grid are on the screen, and where the arrow keys lead. */

export interface GridShape {
	columns: number;
	rows: number;
	/** Height of everything, screen pixels. */
	height: number;
}

export function gridShape(
	n: number,
	room: number,
	tile: { width: number; height: number },
): GridShape {
	const columns = Math.max(1, Math.floor(room / tile.width));
	const rows = Math.ceil(n / columns);
	return { columns, rows, height: rows * tile.height };
}

/** Half-open range of tile numbers to draw, with `spare` rows above and below. */
export function visibleRange(
	n: number,
	shape: GridShape,
	tileHeight: number,
	scrollTop: number,
	viewHeight: number,
	spare = 2,
): [number, number] {
	const first = Math.max(0, Math.floor(scrollTop / tileHeight) - spare);
	const last = Math.min(shape.rows, Math.ceil((scrollTop + viewHeight) / tileHeight) + spare);
	return [Math.min(n, first * shape.columns), Math.min(n, last * shape.columns)];
}

const STEPS: Record<string, (columns: number, page: number) => number> = {
	ArrowLeft: () => -1,
	ArrowRight: () => 1,
	ArrowUp: (columns) => -columns,
	ArrowDown: (columns) => columns,
	PageUp: (columns, page) => -columns * page,
	PageDown: (columns, page) => columns * page,
	Home: () => Number.NEGATIVE_INFINITY,
	End: () => Number.POSITIVE_INFINITY,
};

export const GRID_KEYS = Object.keys(STEPS);

/** The tile a key leads to from tile `at`; `at` itself where it leads nowhere. */
export function stepTo(key: string, at: number, n: number, columns: number, page: number): number {
	if (n === 0) return -1;
	const to = at + (STEPS[key]?.(columns, Math.max(1, page)) ?? 0);
	return Math.min(n - 1, Math.max(0, to));
}

/** Scroll position that shows a tile whole, as near to the present one as possible. */
export function scrollTo(
	index: number,
	shape: GridShape,
	tileHeight: number,
	scrollTop: number,
	viewHeight: number,
): number {
	const top = Math.floor(index / shape.columns) * tileHeight;
	if (top < scrollTop) return top;
	return Math.max(scrollTop, top + tileHeight - viewHeight);
}
