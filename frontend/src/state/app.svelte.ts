/** Where the person is: address, who they are, which datasets there are, dark or light. */
import { api, given } from "../api/client";
import type { Dataset, Me } from "../api/types";
import { formatRoute, parseRoute, type Route, type View } from "../lib/route";
import { load, save } from "../lib/stored";

export type Theme = "dark" | "light";

/** What stands beside the work at the right edge of the frame. */
export type SidePanel =
	| { kind: "job"; id: number }
	| { kind: "help" }
	| { kind: "export" }
	| { kind: "classes" }
	| null;

class AppState {
	route = $state.raw<Route>({ view: "datasets", datasetId: null, query: {} });
	me = $state.raw<Me | null>(null);
	datasets = $state.raw<Dataset[]>([]);
	/** False until the first list of datasets has arrived. */
	datasetsLoaded = $state(false);
	/** True while the API does not answer. */
	offline = $state(false);
	theme = $state<Theme>(load<Theme>("theme", "dark"));
	panel = $state.raw<SidePanel>(null);
	paletteOpen = $state(false);

	get datasetId(): number | null {
		return this.route.datasetId;
	}

	get readOnly(): boolean {
		return this.me?.read_only ?? false;
	}

	start(): void {
		this.#readAddress();
		window.addEventListener("popstate", () => this.#readAddress());
		this.setTheme(this.theme);
		void this.refreshMe();
		void this.refreshDatasets();
	}

	async refreshMe(): Promise<void> {
		try {
			this.me = await given(api.GET("/api/v1/me"));
			this.offline = false;
		} catch {
			this.offline = true;
		}
	}

	async refreshDatasets(): Promise<void> {
		try {
			this.datasets = await given(api.GET("/api/v1/datasets"));
			this.datasetsLoaded = true;
			this.offline = false;
		} catch {
			this.offline = true;
		}
	}

	setTheme(theme: Theme): void {
		this.theme = theme;
		document.documentElement.dataset.theme = theme;
		save("theme", theme);
	}

	togglePanel(panel: Exclude<SidePanel, null>): void {
		const same =
			this.panel?.kind === panel.kind &&
			(panel.kind !== "job" || (this.panel.kind === "job" && this.panel.id === panel.id));
		this.panel = same ? null : panel;
	}

	#readAddress(): void {
		this.route = parseRoute(location.pathname, location.search);
	}
}

export const app = new AppState();

/** Go to a view of the current dataset (or of `datasetId`); the address carries the query. */
export function navigate(
	view: View,
	query: Record<string, string | number> = {},
	datasetId: number | null = app.datasetId,
): void {
	const route: Route = {
		view,
		datasetId: view === "datasets" ? null : datasetId,
		query: Object.fromEntries(Object.entries(query).map(([k, v]) => [k, String(v)])),
	};
	history.pushState(null, "", formatRoute(route));
	app.route = route;
}

/** Change the query in place, without a new step in the history. */
export function replaceQuery(query: Record<string, string | number>): void {
	const route = {
		...app.route,
		query: Object.fromEntries(Object.entries(query).map(([k, v]) => [k, String(v)])),
	};
	history.replaceState(null, "", formatRoute(route));
	app.route = route;
}
