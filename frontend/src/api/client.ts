import createClient, { type Middleware } from "openapi-fetch";
import { Problem } from "./problem";
import type { paths } from "./schema.gen";

export { isOffline, Problem, sentence } from "./problem";

export const BASE = "/api/v1";

/** Every failed answer becomes a `Problem`, so that callers read `data` without a second question. */
const throwProblems: Middleware = {
	async onResponse({ response }) {
		if (!response.ok) throw await Problem.from(response);
		return response;
	},
};

/** The typed client, generated from the API's own description. */
export const api = createClient<paths>({ baseUrl: "" });
api.use(throwProblems);

/** The data of an answer; a failed one has thrown before. */
export async function given<T>(answer: Promise<{ data?: T }>): Promise<T> {
	return (await answer).data as T;
}

/** Raw bytes of one address below the API; `Problem` when the answer is not a success. */
export async function fetchBytes(path: string, init?: RequestInit): Promise<Response> {
	const response = await fetch(`${BASE}${path}`, init);
	if (!response.ok) throw await Problem.from(response);
	return response;
}

/** One JSON answer below the API. */
export async function fetchJson<T>(path: string, init?: RequestInit): Promise<T> {
	const response = await fetchBytes(path, init);
	return (await response.json()) as T;
}

/** Send JSON and read the JSON answer. */
export function sendJson<T>(
	method: "POST" | "PATCH" | "PUT" | "DELETE",
	path: string,
	body?: unknown,
	init?: RequestInit,
): Promise<T> {
	return fetchJson<T>(path, {
		...init,
		method,
		headers: { "Content-Type": "application/json" },
		body: body === undefined ? undefined : JSON.stringify(body),
	});
}
