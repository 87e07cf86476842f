/** What is remembered about detectors: it stands before what their files' headers say. */
import { api, given } from "../api/client";
import type { components } from "../api/schema.gen";

export type Detector = components["schemas"]["DetectorOut"];
type Settings = components["schemas"]["DetectorSettings"];

class DetectorsState {
	/** By name; null until it has arrived. */
	list = $state.raw<Detector[] | null>(null);

	async refresh(): Promise<void> {
		this.list = await given(api.GET("/api/v1/detectors"));
	}

	/** What is remembered about one, without what is not said. */
	of(name: string): Partial<Settings> {
		const settings = this.list?.find((one) => one.name === name)?.settings ?? {};
		return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== null));
	}

	async remember(name: string, settings: Partial<Settings>): Promise<void> {
		const body = { name, settings: settings as Settings };
		await given(api.PUT("/api/v1/detectors", { body }));
		await this.refresh();
	}

	async forget(name: string): Promise<void> {
		await api.DELETE("/api/v1/detectors", { params: { query: { name } } });
		await this.refresh();
	}

	/** All of it, as the command line and this page take it back. */
	asText(): string {
		const known = (this.list ?? []).map(({ name }) => ({ name, settings: this.of(name) }));
		return JSON.stringify(known, null, 2);
	}
}

export const detectors = new DetectorsState();
