import { describe, expect, it } from "vitest";
import { charts, kindName } from "./modelVersion";

describe("charts", () => {
	it("draws folds faintly and their mean over them", () => {
		const rows = [0, 1].flatMap((fold) =>
			[1, 2, 3].map((epoch) => ({ fold, epoch, loss: epoch + fold, val_loss: 2 * epoch })),
		);
		const [loss, ...rest] = charts(rows);
		expect(rest).toEqual([]);
		expect(loss?.series.filter((s) => s.faint)).toHaveLength(4);
		const mean = loss?.series.find((s) => s.name === "training" && !s.faint);
		expect(mean?.points).toEqual([1, 2, 3].map((x) => ({ x, y: x + 0.5 })));
	});

	it("takes the mean of those folds that came so far", () => {
		const rows = [
			{ fold: 0, epoch: 0, accuracy: 0.4 },
			{ fold: 0, epoch: 1, accuracy: 0.6 },
			{ fold: 1, epoch: 0, accuracy: 0.2 },
		];
		const mean = charts(rows)[0]?.series.find((s) => !s.faint);
		expect(mean?.points[0]?.y).toBeCloseTo(0.3);
		expect(mean?.points[1]?.y).toBe(0.6);
	});

	it("shows the cross-validation, not the trainings beside it", () => {
		const rows = [
			{ stage: "fold 0", epoch: 0, loss: 2 },
			{ stage: "fold 1", epoch: 0, loss: 4 },
			{ stage: "without class 1", epoch: 0, loss: 99 },
			{ stage: "all labels", epoch: 0, loss: 98 },
		];
		expect(charts(rows)[0]?.series.at(-1)?.points).toEqual([{ x: 0, y: 3 }]);
		const live = [
			{ phase: "fold", fold: 3, epoch: 0, loss: 5 },
			{ phase: "unseen class", fold: 1, epoch: 0, loss: 99 },
		];
		expect(charts(live)[0]?.series.at(-1)?.points).toEqual([{ x: 0, y: 5 }]);
	});

	it("draws a single run as one line and nothing as nothing", () => {
		expect(charts([{ epoch: 0, kl: 3 }])[0]?.series).toHaveLength(1);
		expect(charts([])).toEqual([]);
	});
});

it("names kinds in plain words", () => {
	expect(kindName("train_vae")).toBe("VAE");
	expect(kindName("something_new")).toBe("something_new");
});
