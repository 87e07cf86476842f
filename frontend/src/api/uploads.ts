/** Files on their way to the server: chunks that can be sent again, from where they stopped. */
import { api, BASE, given, isOffline, Problem } from "./client";
import type { Upload } from "./types";

export const CHUNK_BYTES = 8 * 1024 * 1024;
/** A chunk is tried this often before its file is given up; the waits add up to about a minute. */
const TRIES = 8;

async function digest(chunk: ArrayBuffer): Promise<string | null> {
	// Only pages served over TLS or from this machine may hash; elsewhere the length must do.
	if (!globalThis.crypto?.subtle) return null;
	const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", chunk));
	return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function wait(ms: number, signal: AbortSignal): Promise<void> {
	return new Promise((resolve, reject) => {
		const timer = setTimeout(resolve, ms);
		signal.addEventListener(
			"abort",
			() => {
				clearTimeout(timer);
				reject(signal.reason);
			},
			{ once: true },
		);
	});
}

async function putChunk(
	id: number,
	offset: number,
	chunk: Blob,
	signal: AbortSignal,
): Promise<Upload> {
	const body = await chunk.arrayBuffer();
	const sum = await digest(body);
	const response = await fetch(`${BASE}/uploads/${id}/chunks?offset=${offset}`, {
		method: "PUT",
		headers: {
			"Content-Type": "application/octet-stream",
			...(sum ? { "X-Chunk-SHA256": sum } : {}),
		},
		body,
		signal,
	});
	if (!response.ok) throw await Problem.from(response);
	return response.json();
}

function find(id: number): Promise<Upload> {
	return given(api.GET("/api/v1/uploads/{upload_id}", { params: { path: { upload_id: id } } }));
}

/** Take up an upload of an earlier page, or begin one. */
async function begin(name: string, size: number, known: number | null): Promise<Upload> {
	if (known !== null) {
		const upload = await find(known).catch((error) => {
			if (isOffline(error)) throw error;
			return null;
		});
		if (upload && upload.size === size) return upload;
	}
	return given(api.POST("/api/v1/uploads", { body: { name, size } }));
}

/**
 * Send one blob. `known` is the id of an earlier try. Network failures are waited out and the send
 * goes on at the offset the server names. Returns the id of the complete upload.
 */
export async function send(
	name: string,
	blob: Blob,
	known: number | null,
	onProgress: (id: number, received: number) => void,
	signal: AbortSignal,
): Promise<number> {
	let upload: Upload | null = null;
	let failures = 0;
	for (;;) {
		try {
			signal.throwIfAborted();
			upload = upload ? await find(upload.id) : await begin(name, blob.size, known);
			onProgress(upload.id, upload.received);
			while (upload.received < blob.size) {
				const from: number = upload.received;
				upload = await putChunk(upload.id, from, blob.slice(from, from + CHUNK_BYTES), signal);
				failures = 0;
				onProgress(upload.id, upload.received);
			}
			if (upload.state !== "complete") {
				upload = await given(
					api.POST("/api/v1/uploads/{upload_id}/complete", {
						params: { path: { upload_id: upload.id } },
						body: {},
					}),
				);
			}
			return upload.id;
		} catch (error) {
			if (signal.aborted || !isOffline(error) || ++failures >= TRIES) throw error;
			await wait(Math.min(15_000, 500 * 2 ** failures), signal);
		}
	}
}
