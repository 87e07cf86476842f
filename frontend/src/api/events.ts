import { BASE } from "./client";
import type { Revisions } from "./types";

/**
 * Listen for "what changed since": the server sends revisions only, never the data.
 * `onConnection(false)` tells that the stream broke; the browser reconnects by itself, and where it
 * gave up (a closed source) a new one is opened after `retryMs`.
 */
export function listen(
	datasetId: number | null,
	onChange: (revisions: Revisions) => void,
	onConnection: (connected: boolean) => void = () => {},
	retryMs = 2000,
): () => void {
	let source: EventSource | null = null;
	let timer: ReturnType<typeof setTimeout> | undefined;
	let stopped = false;

	function open() {
		source = new EventSource(
			`${BASE}/events${datasetId === null ? "" : `?dataset_id=${datasetId}`}`,
		);
		source.onopen = () => onConnection(true);
		source.addEventListener("changed", (event) => onChange(JSON.parse(event.data)));
		source.onerror = () => {
			onConnection(false);
			if (source?.readyState === EventSource.CLOSED && !stopped) timer = setTimeout(open, retryMs);
		};
	}
	open();
	return () => {
		stopped = true;
		clearTimeout(timer);
		source?.close();
	};
}
