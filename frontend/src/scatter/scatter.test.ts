import { describe, expect, test } from "vitest";
import { boundsOf, fit, pan, toMap, toScreen, zoomAt } from "./camera";
import { PointGrid } from "./grid";
import { isInside, lassoMode, pointsInside, simplify } from "./lasso";
import { chooseThumbnails, nearThumbnails } from "./thumbnails";

const view = { width: 800, height: 600 };

/** Reproducible uniform numbers (mulberry32). */
function random(seed: number): () => number {
	let a = seed;
	return () => {
		a = (a + 0x6d2b79f5) | 0;
		let t = Math.imul(a ^ (a >>> 15), 1 | a);
		t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
		return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
	};
}

function cloud(n: number, seed = 1): Float32Array {
	const next = random(seed);
	return Float32Array.from({ length: 2 * n }, () => next() * 10 - 5);
}

describe("camera", () => {
	test("fit shows every point inside the viewport", () => {
		const points = Float32Array.from([-3, 2, 7, 40, NaN, NaN, 1, -9]);
		const camera = fit(boundsOf(points), view);
		for (const i of [0, 1, 3]) {
			const [x, y] = toScreen(camera, view, points[2 * i]!, points[2 * i + 1]!);
			expect(x).toBeGreaterThan(0);
			expect(x).toBeLessThan(800);
			expect(y).toBeGreaterThan(0);
			expect(y).toBeLessThan(600);
		}
	});

	test("a map of no point, one point or equal points gets a finite camera", () => {
		for (const points of [[], [NaN, NaN], [3, 4], [3, 4, 3, 4]]) {
			const camera = fit(boundsOf(Float32Array.from(points)), view);
			expect(Number.isFinite(camera.scale) && camera.scale > 0).toBe(true);
		}
	});

	test("zooming keeps what lies under the cursor", () => {
		const camera = { x: 1, y: 2, scale: 30 };
		const before = toMap(camera, view, 123, 456);
		const after = toMap(zoomAt(camera, view, 123, 456, 3.7), view, 123, 456);
		expect(after[0]).toBeCloseTo(before[0], 9);
		expect(after[1]).toBeCloseTo(before[1], 9);
	});

	test("panning moves the map with the hand", () => {
		const camera = { x: 1, y: 2, scale: 30 };
		const grabbed = toMap(camera, view, 100, 100);
		const now = toMap(pan(camera, 40, -25), view, 140, 75);
		expect(now[0]).toBeCloseTo(grabbed[0], 9);
		expect(now[1]).toBeCloseTo(grabbed[1], 9);
	});
});

describe("grid", () => {
	test("nearest agrees with trying every point", () => {
		const points = cloud(2000);
		const grid = new PointGrid(points);
		const next = random(7);
		for (let trial = 0; trial < 200; trial++) {
			const x = next() * 12 - 6;
			const y = next() * 12 - 6;
			let best = -1;
			let least = 0.3 ** 2;
			for (let i = 0; i < 2000; i++) {
				const d = (points[2 * i]! - x) ** 2 + (points[2 * i + 1]! - y) ** 2;
				if (d <= least) [best, least] = [i, d];
			}
			expect(grid.nearest(x, y, 0.3)).toBe(best);
		}
	});

	test("cutouts without a place on the map are never found", () => {
		const grid = new PointGrid(Float32Array.from([NaN, NaN, 0, 0, Infinity, 1]));
		expect(grid.nearest(0, 0, 100)).toBe(1);
		expect(grid.inRectangle(-9, -9, 9, 9)).toEqual([1]);
		expect(new PointGrid(Float32Array.from([NaN, 1])).nearest(0, 0, 10)).toBe(-1);
		expect(new PointGrid(new Float32Array(0)).inRectangle(-1, -1, 1, 1)).toEqual([]);
	});
});

describe("lasso", () => {
	test("agrees with testing every point, for wild hands and hands beyond the map", () => {
		const points = cloud(3000);
		const grid = new PointGrid(points);
		for (let seed = 1; seed <= 60; seed++) {
			const next = random(seed);
			const span = seed % 3 ? 9 : 40;
			const polygon = Array.from(
				{ length: 2 * (3 + Math.floor(next() * 30)) },
				() => (next() - 0.5) * span,
			);
			const expected: number[] = [];
			for (let i = 0; i < 3000; i++)
				if (isInside(polygon, points[2 * i]!, points[2 * i + 1]!)) expected.push(i);
			expect([...pointsInside(grid, polygon)]).toEqual(expected);
		}
	});

	test("a polygon around everything holds everything that is on the map", () => {
		const points = cloud(500);
		points[6] = NaN;
		const inside = pointsInside(new PointGrid(points), [-99, -99, 99, -99, 99, 99, -99, 99]);
		expect(inside.length).toBe(499);
		expect(inside.includes(3)).toBe(false);
	});

	test("a hand that circles twice still means the inside", () => {
		const ring = [-1, -1, 1, -1, 1, 1, -1, 1];
		expect(isInside([...ring, ...ring], 0, 0)).toBe(true);
	});

	test("a click is no lasso", () => {
		expect(pointsInside(new PointGrid(cloud(10)), [0, 0, 1, 1]).length).toBe(0);
	});

	test("a thinned path selects what the drawn one does, to its tolerance", () => {
		const circle: number[] = [];
		for (let a = 0; a < 2 * Math.PI; a += 0.005) circle.push(3 * Math.cos(a), 3 * Math.sin(a));
		const thin = simplify(circle, 0.01);
		expect(thin.length).toBeLessThan(circle.length / 10);
		expect(isInside(thin, 2.97, 0)).toBe(true);
		expect(isInside(thin, 3.02, 0)).toBe(false);
	});

	test("a million points take a moment", () => {
		const grid = new PointGrid(cloud(1_000_000));
		const circle: number[] = [];
		for (let a = 0; a < 2 * Math.PI; a += 0.02) circle.push(4 * Math.cos(a), 4 * Math.sin(a));
		const began = performance.now();
		const inside = pointsInside(grid, circle);
		expect(performance.now() - began).toBeLessThan(5000);
		expect(inside.length / 1_000_000).toBeCloseTo((Math.PI * 16) / 100, 2);
	});

	test("Shift draws anew, with Ctrl adds, with Alt takes away; the tool decides without Shift", () => {
		const none = { shiftKey: false, ctrlKey: false, metaKey: false, altKey: false };
		expect(lassoMode(none, "pan")).toBe("pan");
		expect(lassoMode({ ...none, shiftKey: true }, "pan")).toBe("new");
		expect(lassoMode({ ...none, shiftKey: true, ctrlKey: true }, "pan")).toBe("add");
		expect(lassoMode({ ...none, shiftKey: true, altKey: true }, "pan")).toBe("subtract");
		expect(lassoMode(none, "add")).toBe("add");
	});
});

describe("thumbnails", () => {
	test("none overlap, the preferred come first, none while too many are in view", () => {
		const grid = new PointGrid(cloud(400));
		const camera = { x: 0, y: 0, scale: 60 };
		const { chosen } = chooseThumbnails(grid, camera, view, 40, 600, (i) => i === 399);
		expect(chosen[0]!.ordinal).toBe(399);
		for (const a of chosen)
			for (const b of chosen)
				if (a !== b)
					expect(Math.max(Math.abs(a.x - b.x), Math.abs(a.y - b.y))).toBeGreaterThanOrEqual(40);
		expect(chooseThumbnails(grid, camera, view, 40, 100).chosen).toEqual([]);
	});

	test("are for a near map: not while they would cover it or stand for a few of many", () => {
		const few = new PointGrid(cloud(30));
		const camera = { x: 0, y: 0, scale: 60 };
		expect(nearThumbnails(few, camera, view, 40, 1, null).length).toBeGreaterThan(20);
		const clump = new PointGrid(cloud(500).map((x) => x / 100));
		expect(nearThumbnails(clump, camera, view, 40, 1, null)).toEqual([]);
		expect(nearThumbnails(clump, camera, view, 40, 5, null).length).toBeGreaterThan(0);
	});
});
