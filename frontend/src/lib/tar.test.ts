import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { packs, tar } from "./tar";

function unpack(archive: Uint8Array, names: string[]): string[] {
	const folder = mkdtempSync(join(tmpdir(), "tar-"));
	try {
		writeFileSync(join(folder, "a.tar"), archive);
		execFileSync("tar", ["-xf", "a.tar"], { cwd: folder });
		return names.map((name) => readFileSync(join(folder, name), "utf8"));
	} finally {
		rmSync(folder, { recursive: true });
	}
}

describe("tar", () => {
	it("is read back by tar, long and non-ASCII names included", async () => {
		const names = ["crops/a.csv", `${"deep/".repeat(30)}b.csv`, "Läufe/µ.csv", "empty.csv"];
		const texts = ["1,2\n", "x".repeat(1500), "ä", ""];
		const blob = tar(names.map((path, i) => ({ path, file: new Blob([texts[i] ?? ""]) })));
		const archive = new Uint8Array(await blob.arrayBuffer());
		expect(archive.length % 512).toBe(0);
		expect(unpack(archive, names)).toEqual(texts);
	});
});

describe("packs", () => {
	it("keeps the order and stays below the limit where it can", () => {
		const sizes = [1000, 2000, 9000, 100, 100];
		const members = sizes.map((size, i) => ({
			path: `${i}`,
			file: new Blob([new Uint8Array(size)]),
		}));
		const groups = packs(members, 6000).map((group) => group.map((member) => member.path));
		expect(groups).toEqual([["0", "1"], ["2"], ["3", "4"]]);
	});
});

it("what must stay together is one parcel, however much it is", () => {
	const run = ["a.lst", "a_000001.tif"].map((path) => ({ path, file: new File(["x"], path) }));
	expect(packs(run, Number.POSITIVE_INFINITY)).toEqual([run]);
	expect(packs([], Number.POSITIVE_INFINITY)).toEqual([]);
});
