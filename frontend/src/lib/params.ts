/** Forms from a job kind's JSON schema: the fields a person may set, and what they typed. */

export interface Field {
	name: string;
	title: string;
	description: string;
	kind: "integer" | "number" | "boolean" | "choice" | "text";
	choices: string[];
	/** May be left empty; the job then decides. */
	optional: boolean;
	initial: unknown;
	min?: number;
	max?: number;
}

interface Schema {
	type?: string;
	title?: string;
	description?: string;
	default?: unknown;
	enum?: unknown[];
	anyOf?: Schema[];
	minimum?: number;
	maximum?: number;
	exclusiveMinimum?: number;
	properties?: Record<string, Schema>;
}

/** Fields of plain types; lists and objects are set by the page itself. */
export function fieldsOf(schema: unknown): Field[] {
	const properties = (schema as Schema | null)?.properties ?? {};
	return Object.entries(properties).flatMap(([name, property]) => {
		const optional = property.anyOf?.some((s) => s.type === "null") ?? false;
		const plain = property.anyOf?.find((s) => s.type !== "null") ?? property;
		const kind = kindOf(plain);
		if (!kind) return [];
		return [
			{
				name,
				title: name.replaceAll("_", " "),
				description: property.description ?? "",
				kind,
				choices: (plain.enum ?? []).map(String),
				optional,
				initial: property.default ?? null,
				min: plain.minimum ?? plain.exclusiveMinimum,
				max: plain.maximum,
			},
		];
	});
}

function kindOf(schema: Schema): Field["kind"] | null {
	if (schema.enum) return "choice";
	if (schema.type === "integer") return "integer";
	if (schema.type === "number") return "number";
	if (schema.type === "boolean") return "boolean";
	return schema.type === "string" ? "text" : null;
}

/** What differs from the defaults, ready to be sent; an emptied optional field is left out. */
export function changed(
	fields: readonly Field[],
	typed: Record<string, unknown>,
): Record<string, unknown> {
	const params: Record<string, unknown> = {};
	for (const field of fields) {
		const value = parse(field, typed[field.name]);
		if (value !== undefined && value !== field.initial) params[field.name] = value;
	}
	return params;
}

function parse(field: Field, value: unknown): unknown {
	if (value === undefined || value === null || value === "") return undefined;
	if (field.kind === "integer") return Math.round(Number(value));
	if (field.kind === "number") return Number(value);
	return value;
}
