import { expect, it } from "vitest";
import { changed, fieldsOf } from "./params";

const schema = {
	type: "object",
	properties: {
		epochs: {
			anyOf: [{ type: "integer", minimum: 1, maximum: 2000 }, { type: "null" }],
			default: null,
			description: "By default the architecture's own",
		},
		kl_weight: { type: "number", minimum: 0, default: 1 },
		embedding: { enum: ["measurements", "latent"], type: "string", default: "measurements" },
		labels: { type: "array", items: {} },
	},
};

it("reads the plain fields of a schema", () => {
	const fields = fieldsOf(schema);
	expect(fields.map((f) => [f.name, f.kind, f.optional])).toEqual([
		["epochs", "integer", true],
		["kl_weight", "number", false],
		["embedding", "choice", false],
	]);
	expect(fields[0]).toMatchObject({
		min: 1,
		max: 2000,
		description: "By default the architecture's own",
	});
	expect(fieldsOf(undefined)).toEqual([]);
});

it("sends only what was changed", () => {
	const fields = fieldsOf(schema);
	expect(changed(fields, { epochs: "", kl_weight: "1", embedding: "latent" })).toEqual({
		embedding: "latent",
	});
	expect(changed(fields, { epochs: "12", kl_weight: 0.5 })).toEqual({ epochs: 12, kl_weight: 0.5 });
});

it("tells an optional yes or no from one left open", () => {
	const fields = fieldsOf({
		properties: {
			ignore_orientation: { anyOf: [{ type: "boolean" }, { type: "null" }], default: null },
		},
	});
	expect(fields[0]).toMatchObject({ kind: "boolean", optional: true, initial: null });
	expect(changed(fields, {})).toEqual({});
	expect(changed(fields, { ignore_orientation: "" })).toEqual({});
	expect(changed(fields, { ignore_orientation: false })).toEqual({ ignore_orientation: false });
});
