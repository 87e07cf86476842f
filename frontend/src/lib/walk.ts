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
		for (const entry of entries) await walk(entry, entry.name, found);
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
