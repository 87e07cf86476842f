/** Hand a text made on the page to the browser's downloads. */
export function saveText(name: string, text: string, type = "text/csv"): void {
	const url = URL.createObjectURL(new Blob([text], { type }));
	const link = document.createElement("a");
	link.href = url;
	link.download = name;
	link.click();
	// The download reads the blob after this turn; a minute is ample to have begun.
	setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
