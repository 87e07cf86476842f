/** Which files an instrument wrote as one, told by their names: they have to travel together. */

/** Of a FlowCam: the collages beside the list of its particles. */
const COLLAGE = /^.+_\d{4,}(_bin)?\.tiff?$/;
const ECOTAXA = /^ecotaxa.*\.(tsv|txt)$/;
const IMAGE = /\.(png|jpe?g|tiff?|gif|bmp)$/;
/** Of an IFCB: three files of one name. */
const BIN = /^(.*)\.(roi|adc|hdr)$/;

function split(path: string): [folder: string, name: string] {
	const at = path.lastIndexOf("/");
	return [path.slice(0, Math.max(at, 0)), path.slice(at + 1).toLowerCase()];
}

/**
 * The run that a file belongs to, for every path that belongs to one: the folder of a FlowCam's
 * `.lst` with collages, the three files of an IFCB bin, the folder of an EcoTaxa table and all
 * below. Two paths of one run have the same value, and no two runs share one.
 */
export function keptTogether(paths: readonly string[]): Map<string, string> {
	const folders = new Map<string, { path: string; name: string }[]>();
	for (const path of paths) {
		const [folder, name] = split(path);
		const inside = folders.get(folder);
		if (inside) inside.push({ path, name });
		else folders.set(folder, [{ path, name }]);
	}
	const found = new Map<string, string>();
	const tables: string[] = [];
	for (const [folder, inside] of folders) {
		const names = new Set(inside.map(({ name }) => name));
		if (inside.some(({ name }) => COLLAGE.test(name)) && some(names, /\.lst$/)) {
			for (const { path } of inside) found.set(path, `${folder}/`);
			continue;
		}
		if (some(names, ECOTAXA)) tables.push(folder);
		for (const { path, name } of inside) {
			const stem = BIN.exec(name)?.[1];
			if (stem !== undefined && names.has(`${stem}.adc`) && names.has(`${stem}.roi`))
				found.set(path, `${folder}/${stem}`);
		}
	}
	for (const top of tables.sort((a, b) => a.length - b.length)) {
		const below = [...folders]
			.filter(([folder]) => top === "" || folder === top || folder.startsWith(`${top}/`))
			.flatMap(([, inside]) => inside)
			.filter(({ path }) => !found.has(path));
		if (below.some(({ name }) => IMAGE.test(name)))
			for (const { path } of below) found.set(path, `${top}/`);
	}
	return found;
}

function some(names: ReadonlySet<string>, pattern: RegExp): boolean {
	for (const name of names) if (pattern.test(name)) return true;
	return false;
}
