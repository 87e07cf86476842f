import { expect, it } from "vitest";
import { bundle, SMALL_BYTES, sentAlone } from "./bundles";

const file = (path: string, text: string) => ({ path, file: new File([text], path) });

it("makes one row of a folder of crops and rows of its label and metadata tables", async () => {
	const crops = Array.from({ length: 30 }, (_, i) => file(`damic/cutouts/${i}.csv`, "0,1\n1,0\n"));
	const rows = await bundle([
		...crops,
		file("damic/labels.csv", "name,label\n1,muon\n"),
		file("damic/metadata.csv", "name,height,width\n1,2,3\n"),
	]);
	expect(rows.map((row) => [row.name, row.role, row.files.length])).toEqual([
		["damic", "data", 30],
		["damic/labels.csv", "labels", 1],
		["damic/metadata.csv", "metadata", 1],
	]);
});

it("keeps single files single", async () => {
	const rows = await bundle([file("a.fits", "SIMPLE"), file("b.fits", "SIMPLE")]);
	expect(rows.map((row) => row.name)).toEqual(["a.fits", "b.fits"]);
});

it("keeps the files of an instrument's run in one row, to be sent in one archive", async () => {
	const large = "x".repeat(SMALL_BYTES + 1);
	const rows = await bundle([
		file("day/run/a.lst", "017"),
		file("day/run/a_000001.tif", large),
		file("day/run/a_000001_bin.tif", "m"),
		file("day/run/a.csv", "Particle ID,Area (ABD)\n1,2\n"),
		file("day/other.tif", "t"),
		file("ifcb/D1.adc", "1,2"),
		file("ifcb/D1.roi", large),
		file("ifcb/D2.adc", "1,2"),
		file("ifcb/D2.roi", large),
		file("zoo/ecotaxa_1.tsv", "img_file_name\n"),
		file("zoo/img/1.jpg", "j"),
	]);
	expect(rows.map((row) => [row.name, row.role, row.files.length, row.run])).toEqual([
		["day/run", "data", 4, true],
		["day/other.tif", "data", 1, false],
		["ifcb/D1", "data", 2, true],
		["ifcb/D2", "data", 2, true],
		["zoo", "data", 2, true],
	]);
	expect(rows.map((row) => sentAlone(row).length)).toEqual([0, 1, 0, 0, 0]);
});

it("sends large files of an ordinary folder as they are", async () => {
	const large = file("set/b.tif", "x".repeat(SMALL_BYTES + 1));
	const rows = await bundle([file("set/a.tif", "a"), large, file("set/a.lst", "notes")]);
	expect(rows.map((row) => [row.name, row.run])).toEqual([
		["set", false],
		["set/b.tif", false],
	]);
	expect(rows.map(sentAlone)).toEqual([[], [large]]);
});
