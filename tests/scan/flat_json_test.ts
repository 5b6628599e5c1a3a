import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { FlatJson } from "../../lib/scan/flat_json.ts";
import {
  ABSENT,
  DECIMAL,
  ESCAPED,
  INTEGER,
  integerAt,
  NULL,
  numberAt,
  numberKind,
  OTHER,
  PLAIN,
  type Scanner,
} from "../../lib/scan/scanner.ts";
import { generator, textOf, valueOf } from "../fixtures/random_json.ts";

const encoder = new TextEncoder();
const bytes = (text: string): Uint8Array<ArrayBuffer> => encoder.encode(text);

/** What a scanner says of a field, as `JSON.parse` would have it; `{}` for what is neither. */
function valueAt(scanner: Scanner, field: number): unknown {
  const kind = scanner.kinds[field];
  if (kind === ABSENT) return undefined;
  if (kind === NULL) return null;
  if (kind === INTEGER) return integerAt(scanner, field);
  if (kind === DECIMAL) return numberAt(scanner, field);
  if (kind === PLAIN || kind === ESCAPED) return scanner.text(field);
  return {};
}

const isKept = (value: unknown): boolean =>
  value === undefined || value === null || typeof value === "string" ||
  (typeof value === "number" && value >= 0 && value < 2 ** 53);

/** What `JSON.parse` says; undefined if it is no object. */
function parsed(line: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(line);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

Deno.test("FlatJson.scan() finds the same fields as JSON.parse()", () => {
  const random = generator(7);
  const names = ["url", "a", "é", "status"];
  const scanner = new FlatJson(names);
  for (let round = 0; round < 20_000; round++) {
    const object: Record<string, unknown> = {};
    for (let k = random(6); k > 0; k--) {
      const name = [...names, "b", "ur", "urls", textOf(random)][random(8)];
      object[name] = [
        () => valueOf(random),
        () => random(1e9),
        () => textOf(random),
        () => null,
        () => [true, false, -1, 1e20, 0.5, 1e15, 2 ** 53 - 1, 2 ** 53][random(8)],
        () => random(1e9) / 10 ** random(8),
      ][random(6)]();
    }
    const space = random(4) === 0 ? 1 : undefined;
    const line = JSON.stringify(object, undefined, space).replaceAll("\n", " ");
    // Not at the start of its block, and not at its end.
    const block = bytes(`"x${line}"}{`);
    assert(scanner.scan(block, 2, block.length - 3), line);
    for (const [field, name] of names.entries()) {
      const value = valueAt(scanner, field);
      const expected = Object.hasOwn(object, name) ? object[name] : undefined;
      if (isKept(expected) && !Number.isInteger(expected) && typeof expected === "number") {
        assertAlmostEquals(value as number, expected, 1e-6 + expected * 1e-14, line);
      } else if (isKept(expected)) assertEquals(value, expected, line);
      else assert(scanner.kinds[field] === PLAIN && value === "true", line);
    }
  }
});

Deno.test("numberKind() recognizes JSON's integers to 2^53 - 1, and decimals of at most 15 digits", () => {
  for (
    const [text, kind] of [
      ["0", INTEGER],
      ["17", INTEGER],
      ["999999999999999", INTEGER],
      ["9007199254740991", INTEGER],
      ["0.5", DECIMAL],
      ["12.345", DECIMAL],
      ["0.00000000000001", DECIMAL],
      ...["", ".", "1.", ".5", "01", "00.5", "1.2.3", "-1", "1e3", "9007199254740992", "x"]
        .map((text) => [text, OTHER] as const),
    ] as const
  ) {
    assertEquals(numberKind(bytes(text), 0, text.length), kind, text);
  }
});

Deno.test("FlatJson.scan() rejects what JSON.parse() rejects, except in skipped values", () => {
  const random = generator(11);
  const scanner = new FlatJson(["i", "url", "status", "attempts"]);
  const line = '{"i":17,"url":"http://h/\\u00e9/17","status":200,"attempts":1}';
  let refused = 0;
  for (let round = 0; round < 20_000; round++) {
    const broken = bytes(line);
    for (let k = random(3); k >= 0; k--) broken[random(broken.length)] = random(128);
    const text = new TextDecoder().decode(broken);
    const value = parsed(text);
    const isRead = scanner.scan(broken, 0, broken.length);
    if (value === undefined) {
      // A wrong escape within the one text is found where its text is asked for.
      if (isRead) {
        const hasText = scanner.kinds[1] === ESCAPED && scanner.text(1) === "";
        assert(hasText || /"[^"]*"\s*:\s*[^"]/.test(text), text);
      } else refused++;
      continue;
    }
    assert(isRead, text);
    for (const [field, name] of ["i", "url", "status", "attempts"].entries()) {
      if (isKept(value[name])) assertEquals(valueAt(scanner, field), value[name], text);
    }
  }
  assert(refused > 5_000, `${refused}`);
});
