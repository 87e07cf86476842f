/** Files out of a drop or a file dialog, folders walked through. */

export interface FoundFile {
	/** Path from what was dropped, with forward slashes. */
	path: string;
	file: File;
}

function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
	const reader = folder.createReader();
	// A reader hands out some hundred entries at a time, and an empty list at the end.
	const all: FileSystemEntry[] = [];
	return new Promise((resolve, reject) => {
		const more = () =>
			reader.readEntries((some) => {
				if (some.length === 0) resolve(all);
				else {
					all.push(...some);
					more();
				}
			}, reject);
		more();
	});
}

function hidden(name: string): boolean {
	return name.startsWith(".") || name === "__MACOSX" || name === "Thumbs.db";
}

async function walk(entry: FileSystemEntry, path: string, found: FoundFile[]): Promise<void> {
	if (hidden(entry.name)) return;
	if (entry.isFile) {
		const file = await new Promise<File>((resolve, reject) =>
			(entry as FileSystemFileEntry).file(resolve, reject),
		);
		found.push({ path, file });
		return;
	}
	const inside = await entriesOf(entry as FileSystemDirectoryEntry);
	inside.sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
	for (const child of inside) await walk(child, `${path}/${child.name}`, found);
}

/** Everything in a drop. Call it inside the event: the transfer is empty afterwards. */
export function filesOfDrop(transfer: DataTransfer): Promise<FoundFile[]> {
	const entries = [...transfer.items]
		.map((item) => item.webkitGetAsEntry?.() ?? null)
		.filter((entry) => entry !== null);
	if (entries.length === 0) return Promise.resolve(filesOfList(transfer.files));
	return (async () => {
		const found: FoundFile[] = [];
		// Two folders of one name from different places: the browser does not say from which.
		const names = new Map<string, number>();
		for (const entry of entries) {
			const nth = (names.get(entry.name) ?? 0) + 1;
			names.set(entry.name, nth);
			await walk(entry, nth === 1 ? entry.name : `${nth}/${entry.name}`, found);
		}
		return found;
	})();
}

/** Everything chosen in a dialog, of files or of a folder. */
export function filesOfList(list: FileList | readonly File[]): FoundFile[] {
	return [...list]
		.map((file) => ({ path: file.webkitRelativePath || file.name, file }))
		.filter(({ path }) => !path.split("/").some(hidden))
		.sort((a, b) => a.path.localeCompare(b.path, "en", { numeric: true }));
}

/**
 * What is new among files just found. A file of a path that is known is the same file again where
 * size and time agree; otherwise it is another of the same name and is kept in a numbered folder, so
 * that both come in.
 */
export function apart(
	found: readonly FoundFile[],
	known: readonly FoundFile[],
): { fresh: FoundFile[]; repeated: number; renamed: string[] } {
	const here = new Map(known.map((one) => [one.path, one.file]));
	const fresh: FoundFile[] = [];
	const renamed: string[] = [];
	let repeated = 0;
	for (const { path, file } of found) {
		let free = path;
		let again = false;
		for (let nth = 2; here.has(free); nth++) {
			const other = here.get(free) as File;
			again = other.size === file.size && other.lastModified === file.lastModified;
			if (again) break;
			free = `${nth}/${path}`;
		}
		if (again) {
			repeated++;
			continue;
		}
		if (free !== path) renamed.push(free);
		here.set(free, file);
		fresh.push({ path: free, file });
	}
	return { fresh, repeated, renamed };
}

/**
 * A name for a new dataset before the server has looked: the folder all files have in common, or the
 * only file's own name. Of loose files none is more telling than another: the person names them.
 */
export function suggestedName(paths: readonly string[]): string {
	const [first = ""] = paths;
	if (paths.length === 1) {
		const file = first.split("/").at(-1) ?? "";
		return file.replace(/(\.(fits?|fts|zip|tar|gz|fz|tgz|png|tiff?|npy|csv|tsv|jpe?g|h5))+$/i, "");
	}
	const top = first.split("/")[0] ?? "";
	return first.includes("/") && paths.every((path) => path.startsWith(`${top}/`)) ? top : "";
}
