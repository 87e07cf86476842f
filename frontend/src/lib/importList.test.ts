import { describe, expect, it } from "vitest";
import type { Look, LookFile } from "../api/look";
import { entries, harvest, importWords, type Sending, sizeText } from "./importList";

const looked = (name: string, upload_id: number, some: Partial<LookFile> = {}): LookFile => ({
	name,
	taken_for: "crop",
	why: "",
	role: "auto",
	state: "in",
	reason: "",
	question: null,
	n: 1,
	notes: [],
	n_crops: 0,
	n_exposures: 0,
	shape: "",
	dtype: "",
	folder: null,
	upload_ids: [upload_id],
	...some,
});
const look = (files: LookFile[], some: Partial<Look> = {}): Look => ({
	suggested_name: "",
	n_files: files.length,
	complete: true,
	files,
	tables: [],
	classes: [],
	n_without_folder: 0,
	label_sets: [],
	n_crops_shown: 0,
	exposure: null,
	sentences: [],
	...some,
});
const row = (id: number, paths: string[], uploads: { id: number; parcel: boolean }[]): Sending => ({
	id,
	name: paths[0] ?? "",
	role: "data",
	chosen: null,
	size: 1,
	files: paths.map((path) => ({ path, file: new File(["x"], path) })),
	uploads: uploads.map((one) => ({ ...one, paths })),
});

describe("entries", () => {
	it("lists what was chosen before anything was looked at", () => {
		const [entry] = entries([row(1, ["a.png"], [])], null);
		expect(entry).toMatchObject({ name: "a.png", state: null, takenFor: "exposures or cutouts" });
	});

	it("puts a question first and what is refused before what comes in", () => {
		const rows = [1, 2, 3].map((id) => row(id, [`${id}.png`], [{ id, parcel: false }]));
		const question = { text: "?", answers: [] };
		const found = entries(
			rows,
			look([
				looked("1.png", 1),
				looked("2.png", 2, { state: "refused", reason: "damaged" }),
				looked("3.png", 3, { state: "needs_answer", question }),
			]),
		);
		expect(found.map((entry) => entry.name)).toEqual(["3.png", "2.png", "1.png"]);
	});

	it("makes one entry of alike files that were sent one by one", () => {
		const rows = [1, 2].map((id) => row(id, [`night/b${id}.fits`], [{ id, parcel: false }]));
		const [entry, ...others] = entries(
			rows,
			look([looked("night/", 1, { n: 2, folder: "night", upload_ids: [1, 2] })]),
		);
		expect(others).toEqual([]);
		expect(entry?.rows.map(({ id }) => id)).toEqual([1, 2]);
		expect([...(entry?.paths ?? [])]).toEqual(["night/b1.fits", "night/b2.fits"]);
	});

	it("makes one entry of an archive and counts what it holds", () => {
		const found = entries(
			[row(1, ["crops.zip"], [{ id: 7, parcel: false }])],
			look([
				looked("crops.zip/Junk", 7, { n: 20, n_crops: 20 }),
				looked("crops.zip/Protist", 7, { n: 10, n_crops: 10 }),
				looked("crops.zip/notes.doc", 7, { state: "refused" }),
			]),
		);
		expect(found).toHaveLength(1);
		expect(found[0]).toMatchObject({ n: 31, contents: "30 crops", state: "refused" });
		expect(found[0]?.reason).toBe("1 file inside cannot be read");
	});

	it("finds the chosen files of a folder in a parcel, without those named beside it", () => {
		const paths = ["d/c/1.csv", "d/c/2.csv", "d/c/readme.csv", "d/other.csv"];
		const found = entries(
			[row(1, paths, [{ id: 7, parcel: true }])],
			look([
				looked("d/c/", 7, { n: 2, folder: "d/c" }),
				looked("d/c/readme.csv", 7, { folder: "d/c" }),
				looked("d/other.csv", 7, { folder: "d" }),
			]),
		);
		const of = (name: string) => [...(found.find((e) => e.name === name)?.paths ?? [])];
		expect(of("d/c/")).toEqual(["d/c/1.csv", "d/c/2.csv"]);
		expect(of("d/other.csv")).toEqual(["d/other.csv"]);
	});
});

it("shows an archive inside a parcel as one entry too", () => {
	const found = entries(
		[row(1, ["d/a.zip", "d/b.png"], [{ id: 7, parcel: true }])],
		look([
			looked("d/a.zip/x/", 7, { n: 4, folder: "d/a.zip/x" }),
			looked("d/a.zip/y/", 7, { n: 5, folder: "d/a.zip/y" }),
			looked("d/b.png", 7, { folder: "d" }),
		]),
	);
	expect(found.map((entry) => [entry.name, entry.n, [...entry.paths]])).toEqual([
		["d/b.png", 1, ["d/b.png"]],
		["d/a.zip", 9, ["d/a.zip"]],
	]);
});

describe("importWords", () => {
	const labels = { given: 306, new: 300, same: 6, replaced: 0, kept: 0, asked: 0, refused: 0 };
	const table = {
		file: "labels.csv",
		all_columns: [],
		title: "",
		format: "",
		role: "labels" as const,
		why: "",
		key: "name",
		label_column: "label",
		annotator_column: null,
		state: "joined" as const,
		reason: "",
		rows: { given: 306, joined: 306, refused: 0, ignored: 0, needs_answer: 0, examples: [] },
		columns: [],
		labels,
		cutouts: 306,
		of: 509,
		notes: [],
		questions: [],
		sentences: [],
	};

	it("says what comes in, without what is refused", () => {
		const files = [
			looked("c", 1, { n_crops: 509 }),
			looked("d", 2, { n_crops: 3, state: "refused" }),
		];
		const found = harvest(look(files, { tables: [table] }));
		expect(importWords(found, 3)).toBe("Import 509 cutouts and 306 labels");
	});

	it("counts files before anything was looked at", () => {
		expect(importWords(null, 2)).toBe("Import 2 files");
	});
});

it("sets sizes with their signs", () => {
	expect(sizeText("12-200 x 15-180")).toBe("12–200 × 15–180");
});
