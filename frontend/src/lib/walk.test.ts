import { expect, it } from "vitest";
import { apart, suggestedName } from "./walk";

const file = (path: string, text: string, lastModified = 1) => ({
	path,
	file: new File([text], path, { lastModified }),
});

it("takes a file that is here already once", () => {
	const one = file("a/1.png", "x");
	expect(apart([one, file("a/2.png", "y")], [one])).toMatchObject({ repeated: 1, renamed: [] });
});

it("keeps two different files of one path, the second in a folder of its own", () => {
	const { fresh, renamed } = apart([file("e.fits", "other")], [file("e.fits", "one")]);
	expect(fresh.map(({ path }) => path)).toEqual(["2/e.fits"]);
	expect(renamed).toEqual(["2/e.fits"]);
});

it("keeps a third, and knows it when it comes again", () => {
	const third = file("e.fits", "the third");
	const known = [file("e.fits", "one"), file("2/e.fits", "other")];
	const { fresh } = apart([third], known);
	expect(fresh.map(({ path }) => path)).toEqual(["3/e.fits"]);
	expect(apart([third], [...known, ...fresh]).repeated).toBe(1);
});

it("parts files of one path within one choice too", () => {
	const { fresh } = apart([file("e.fits", "one"), file("e.fits", "other")], []);
	expect(fresh.map(({ path }) => path)).toEqual(["e.fits", "2/e.fits"]);
});

it("names a dataset after what its files have in common, or not at all", () => {
	expect(suggestedName(["damic/cutouts/1.csv", "damic/labels.csv"])).toBe("damic");
	expect(suggestedName(["run_7.fits.gz"])).toBe("run_7");
	expect(suggestedName(["a.fits", "b.fits"])).toBe("");
	expect(suggestedName(["damic/1.csv", "damic2/1.csv"])).toBe("");
});
