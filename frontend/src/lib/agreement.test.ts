import { expect, test } from "vitest";
import { kappaFigure, kappaWord, usedClasses } from "./agreement";

test("kappas have the customary words", () => {
	expect([-0.1, 0, 0.2, 0.21, 0.55, 0.8, 0.81].map(kappaWord)).toEqual([
		"worse than chance",
		"slight",
		"slight",
		"fair",
		"moderate",
		"substantial",
		"almost perfect",
	]);
	expect(kappaWord(null)).toBe("not defined");
});

test("a kappa is stated with its interval", () => {
	expect(kappaFigure(0.712, [0.6, 0.81])).toBe("0.71 (0.60–0.81)");
	expect(kappaFigure(-0.05, null)).toBe("−0.05");
	expect(kappaFigure(null, null)).toBe("–");
});

test("classes nobody gave leave the table", () => {
	const confusion = [
		[3, 0, 1],
		[0, 0, 0],
		[0, 0, 2],
	];
	expect(usedClasses(confusion, [7, 8, 9])).toEqual({
		classIds: [7, 9],
		matrix: [
			[3, 1],
			[0, 2],
		],
	});
});
