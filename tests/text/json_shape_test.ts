import { assertEquals } from "@std/assert";
import {
  type Check,
  findWrongMember,
  isCount,
  isList,
  isMap,
  isNumber,
  isObject,
  isShape,
  isSum,
  isText,
  orNull,
} from "../../lib/text/json_shape.ts";

/** Asserts which values pass a check. */
function assertPasses(check: Check, good: readonly unknown[], bad: readonly unknown[]): void {
  assertEquals(good.filter((value) => !check(value)), []);
  assertEquals(bad.filter((value) => check(value)), []);
}

Deno.test("isCount() is true for whole numbers from 0 to 2^53 - 1", () => {
  assertPasses(isCount, [0, 7, 2 ** 53 - 1], [-1, 0.5, 2 ** 53, NaN, Infinity, "1", null]);
  assertPasses(isSum, [0, 7, 2 ** 53, 1e300], [-1, 0.5, NaN, Infinity, "1", null]);
});

Deno.test("isNumber() is true for finite numbers from 0", () => {
  assertPasses(isNumber, [0, 0.5, 1e300], [-0.1, NaN, Infinity, "1", null]);
});

Deno.test("isText() is true for at most 1,000 characters", () => {
  assertPasses(isText, ["", "x".repeat(1_000)], ["x".repeat(1_001), 1, null]);
});

Deno.test("orNull() passes null and what its check passes", () => {
  assertPasses(orNull(isCount), [null, 1], [undefined, -1]);
});

Deno.test("isObject() is true for neither null nor lists", () => {
  assertPasses(isObject, [{}, { a: 1 }], [null, [], "{}", 1]);
});

Deno.test("isMap() checks each name and value, up to 1,000 members", () => {
  const many = Object.fromEntries(Array.from({ length: 1_001 }, (_, k) => [`k${k}`, 1]));
  const isLetters = isMap(isCount, (name) => /^[a-z]+$/.test(name));
  assertPasses(isMap(isCount), [{}, { a: 1, B: 2 }], [[], null, { a: -1 }, many]);
  assertPasses(isLetters, [{ a: 1 }], [{ A: 1 }]);
});

Deno.test("isList() checks each value, up to its length", () => {
  assertPasses(isList(isCount, 2), [[], [1, 2]], [[1, 2, 3], [1, "2"], {}, null]);
});

Deno.test("isShape() wants the required members, checks optional ones, and allows others", () => {
  const check = isShape({ a: isCount }, { b: isText });
  assertPasses(check, [{ a: 1 }, { a: 1, b: "x", c: null }], [
    {},
    { a: "1" },
    { a: 1, b: 2 },
    null,
  ]);
});

Deno.test("findWrongMember() names the first member that is missing or wrong", () => {
  const shape = { a: isCount, b: isText };
  assertEquals(findWrongMember({ a: 1, b: "x" }, shape), undefined);
  assertEquals(findWrongMember({ a: 1 }, shape), "b");
  assertEquals(findWrongMember({ a: -1 }, shape), "a");
  // Members of every object are not the file's own.
  assertEquals(findWrongMember({}, { toString: () => true }), "toString");
});
