/** An answer of the API that is not a success: RFC 9457, with a hint for the person at the screen. */
export class Problem extends Error {
	readonly status: number;
	readonly title: string;
	readonly hint: string | null;
	readonly code: string | null;

	constructor(
		status: number,
		body: { title?: string; detail?: string; hint?: string | null; code?: string | null },
	) {
		super(body.detail || body.title || `The server answered ${status}.`);
		this.name = "Problem";
		this.status = status;
		this.title = body.title ?? "Request refused";
		this.hint = body.hint ?? null;
		this.code = body.code ?? null;
	}

	/** Read a problem from a failed response, whatever stands in its body. */
	static async from(response: Response): Promise<Problem> {
		const body = await response.json().catch(() => ({}));
		return new Problem(response.status, typeof body === "object" && body ? body : {});
	}
}

/** True for a failure that a later try of the same request may cure: no network, or a busy server. */
export function isOffline(error: unknown): boolean {
	if (error instanceof Problem) return [408, 425, 429, 500, 502, 503, 504].includes(error.status);
	return (
		error instanceof TypeError || (error instanceof DOMException && error.name === "TimeoutError")
	);
}

/** One sentence for the screen. */
export function sentence(error: unknown): string {
	if (error instanceof Problem)
		return error.hint ? `${error.message} ${error.hint}` : error.message;
	if (isOffline(error)) return "The server cannot be reached.";
	return error instanceof Error ? error.message : String(error);
}
