/** The keywords of JSON Schema (2020-12) that the schemas of this project use. */
export interface JsonSchema {
  readonly $schema?: string;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
  readonly title?: string;
  readonly description?: string;
  readonly format?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly oneOf?: readonly JsonSchema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly minProperties?: number;
  readonly propertyNames?: JsonSchema;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly prefixItems?: readonly JsonSchema[];
  readonly minItems?: number;
  readonly maxItems?: number;
}

/** Keywords that say nothing about a value. */
const ANNOTATIONS = ["$schema", "$defs", "title", "description", "format"];

/** A document, and how it finds others. */
export interface SchemaDocument {
  readonly schema: JsonSchema;
  /** The schemas that a `$ref` can name, by file. */
  readonly files: Readonly<Record<string, JsonSchema>>;
}

function typeOf(value: unknown): readonly string[] {
  if (value === null) return ["null"];
  if (Array.isArray(value)) return ["array"];
  if (typeof value === "number") {
    return Number.isInteger(value) ? ["number", "integer"] : ["number"];
  }
  return [typeof value];
}

/**
 * What is wrong with a value, one line for each place.
 *
 * @throws {Error} If the schema has a keyword that is not checked here.
 */
export function problemsOf(value: unknown, document: SchemaDocument): string[] {
  const problems: string[] = [];
  check(value, document.schema, document.schema, "", problems, document.files);
  return problems;
}

function check(
  value: unknown,
  schema: JsonSchema,
  root: JsonSchema,
  path: string,
  problems: string[],
  files: SchemaDocument["files"],
): void {
  const fail = (why: string): void => void problems.push(`${path || "the value"}: ${why}`);
  const go = (value: unknown, schema: JsonSchema, at: string): void =>
    check(value, schema, root, at, problems, files);
  const object = typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as Record<string, unknown>
    : {};
  const list = Array.isArray(value) ? value : [];
  const keywords: Record<string, () => void> = {
    $ref() {
      const [, file, name] = /^([^#]*)#\/\$defs\/(\w+)$/.exec(schema.$ref!)!;
      const other = file === "" ? root : files[file];
      check(value, other.$defs![name], other, path, problems, files);
    },
    type() {
      const types = [schema.type!].flat();
      if (!typeOf(value).some((type) => types.includes(type))) fail(`not of type ${types}`);
    },
    const() {
      if (value !== schema.const) fail(`not ${schema.const}`);
    },
    enum() {
      if (!schema.enum!.includes(value)) fail(`${value} is not one of ${schema.enum}`);
    },
    oneOf() {
      const fitting = schema.oneOf!.filter((it) => {
        const found: string[] = [];
        check(value, it, root, path, found, files);
        return found.length === 0;
      });
      if (fitting.length !== 1) fail(`${JSON.stringify(value)} fits ${fitting.length} of oneOf`);
    },
    minimum() {
      if (typeof value === "number" && value < schema.minimum!) fail(`${value} is too small`);
    },
    maximum() {
      if (typeof value === "number" && value > schema.maximum!) fail(`${value} is too large`);
    },
    exclusiveMinimum() {
      if (typeof value === "number" && value <= schema.exclusiveMinimum!) {
        fail(`${value} too small`);
      }
    },
    maxLength() {
      if (typeof value === "string" && [...value].length > schema.maxLength!) fail("too long");
    },
    pattern() {
      if (typeof value === "string" && !new RegExp(schema.pattern!, "u").test(value)) {
        fail(`'${value}' does not match ${schema.pattern}`);
      }
    },
    properties() {
      for (const [name, property] of Object.entries(schema.properties!)) {
        if (Object.hasOwn(object, name)) go(object[name], property, `${path}.${name}`);
      }
    },
    required() {
      if (!typeOf(value).includes("object")) return;
      for (const name of schema.required!) if (!Object.hasOwn(object, name)) fail(`no '${name}'`);
    },
    minProperties() {
      if (Object.keys(object).length < schema.minProperties!) fail("too few properties");
    },
    propertyNames() {
      for (const name of Object.keys(object)) {
        go(name, schema.propertyNames!, `${path}: name ${name}`);
      }
    },
    additionalProperties() {
      for (const [name, property] of Object.entries(object)) {
        if (Object.hasOwn(schema.properties ?? {}, name)) continue;
        if (schema.additionalProperties === false) fail(`unknown property '${name}'`);
        else go(property, schema.additionalProperties as JsonSchema, `${path}.${name}`);
      }
    },
    items() {
      list.forEach((item, k) => go(item, schema.items!, `${path}[${k}]`));
    },
    prefixItems() {
      schema.prefixItems!.forEach((it, k) => k < list.length && go(list[k], it, `${path}[${k}]`));
    },
    minItems() {
      if (Array.isArray(value) && list.length < schema.minItems!) fail("too few items");
    },
    maxItems() {
      if (list.length > schema.maxItems!) fail("too many items");
    },
  };
  for (const name of Object.keys(schema)) {
    if (ANNOTATIONS.includes(name)) continue;
    if (!Object.hasOwn(keywords, name)) throw new Error(`The keyword '${name}' is not checked`);
    keywords[name]();
  }
}
