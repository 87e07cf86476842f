import { expect, it } from "vitest";
import { bundle } from "./bundles";

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
