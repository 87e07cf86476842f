import { describe, expect, it, vi } from "vitest";
import { type Entry, memoryStore, Outbox, type Outcome } from "./outbox";

function action(key: string): Omit<Entry, "seq"> {
	const effect = { key, ordinals: Int32Array.of(0), classIds: Int32Array.of(1), flags: null };
	return { key, datasetId: 1, kind: "label", body: {}, effect };
}

function silent() {
	return { onDone: vi.fn(), onRefused: vi.fn(), onState: vi.fn() };
}

describe("Outbox", () => {
	it("sends in the order the actions were made and forgets only what was acknowledged", async () => {
		const sent: string[] = [];
		const store = memoryStore();
		const outbox = new Outbox(
			store,
			async (entry) => {
				sent.push(entry.key);
				return entry.key === "c" ? { state: "later" } : { state: "done", answer: null };
			},
			silent(),
		);
		await Promise.all(["a", "b", "c"].map((key) => outbox.add(action(key))));
		await vi.waitFor(() => expect(sent).toEqual(["a", "b", "c"]));
		expect((await store.all()).map((entry) => entry.key)).toEqual(["c"]);
		expect(outbox.pending).toBe(1);
	});

	it("repeats a failed send with the same key until it is answered", async () => {
		const keys: string[] = [];
		const events = silent();
		const answers: Outcome[] = [
			{ state: "later" },
			{ state: "later" },
			{ state: "done", answer: 1 },
		];
		const outbox = new Outbox(
			memoryStore(),
			async (entry) => {
				keys.push(entry.key);
				return answers.shift() as Outcome;
			},
			events,
		);
		await outbox.add(action("a"));
		await vi.waitFor(() => expect(events.onDone).toHaveBeenCalledTimes(1), { timeout: 3000 });
		expect(keys).toEqual(["a", "a", "a"]);
		expect(events.onState).toHaveBeenLastCalledWith({ pending: 0, offline: false });
	});

	it("hands a refused action back with its reason and goes on", async () => {
		const events = silent();
		const outbox = new Outbox(
			memoryStore(),
			async (entry) =>
				entry.key === "bad"
					? { state: "refused", reason: "no such class" }
					: { state: "done", answer: 0 },
			events,
		);
		await outbox.add(action("bad"));
		await outbox.add(action("good"));
		await vi.waitFor(() => expect(events.onDone).toHaveBeenCalledTimes(1));
		expect(events.onRefused.mock.calls[0]?.[1]).toBe("no such class");
	});

	it("takes up what an earlier page left", async () => {
		const store = memoryStore();
		await store.put({ ...action("old"), seq: 1 });
		const events = silent();
		const outbox = new Outbox(store, async () => ({ state: "done", answer: null }), events);
		await outbox.resume();
		await vi.waitFor(() => expect(events.onDone).toHaveBeenCalledTimes(1));
		expect(await store.all()).toEqual([]);
	});
});
