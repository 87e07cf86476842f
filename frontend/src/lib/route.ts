/** Addresses of the single page: `/` and `/d/ID/VIEW?query`. */

export const VIEWS = [
	"label",
	"explore",
	"galleries",
	"models",
	"agreement",
	"exposures",
	"jobs",
	"import",
] as const;

export type View = "datasets" | (typeof VIEWS)[number];

export interface Route {
	view: View;
	datasetId: number | null;
	query: Record<string, string>;
}

/** Read an address; anything unknown is the datasets page, an unknown view of a dataset is Label. */
export function parseRoute(pathname: string, search: string): Route {
	const query = Object.fromEntries(new URLSearchParams(search));
	const match = /^\/d\/(\d+)(?:\/([a-z]+))?\/?$/.exec(pathname);
	if (match) {
		const view = VIEWS.find((name) => name === match[2]) ?? "label";
		return { view, datasetId: Number(match[1]), query };
	}
	return { view: pathname === "/import" ? "import" : "datasets", datasetId: null, query };
}

export function formatRoute(route: Route): string {
	const query = new URLSearchParams(route.query).toString();
	const path =
		route.datasetId === null || route.view === "datasets"
			? route.view === "import"
				? "/import"
				: "/"
			: `/d/${route.datasetId}/${route.view}`;
	return query ? `${path}?${query}` : path;
}
