import { assert, assertEquals, assertMatch, assertStrictEquals } from "@std/assert";
import { addIds, drawIds } from "../../lib/source/request_id.ts";
import type { HeaderList, Target } from "../../lib/target.ts";
import { target } from "../fixtures/target.ts";

const ITEM = { i: 300, record: "", line: 0, input: 0 };

/** The target of an item of a number. */
const make = ({ i }: { i: number }): Target => target("http://h/", { i });

Deno.test("addIds() gives the same ids wherever the random part is the same", async () => {
  const ids = await drawIds("X-Id");
  const clone = structuredClone(ids);
  const [one, other] = [addIds(make, ids)(ITEM), addIds(make, clone)(ITEM)];
  assertEquals(one, other);
  const [name, value] = one.requestId!;
  assertEquals(name, "X-Id");
  assertMatch(value, /^[0-9a-f]{16}-300$/);
  assert(addIds(make, await drawIds("X-Id"))(ITEM).requestId![1] !== value);
});

Deno.test("drawIds() derives the random part from the salt of a journal", async () => {
  const name = "traceparent";
  const [a, b, c] = await Promise.all(["s", "s", "t"].map((salt) => drawIds(name, salt)));
  assertEquals(a, b);
  assert(a.random !== c.random && !a.random.includes("s"));
  assertMatch(
    addIds(make, a)(ITEM).requestId![1],
    /^00-[0-9a-f]{16}000000000000012c-[0-9a-f]{16}-01$/,
  );
});

Deno.test("addIds() leaves a target that has the field, or is not sent", async () => {
  const ids = await drawIds("X-Id");
  const headers: HeaderList = [["x-id", "mine"]];
  const given = target("http://h/", { headers });
  assertStrictEquals(addIds(() => given, ids)(ITEM), given);
  const invalid = target("nonsense", { invalid: "not a URL" });
  assertStrictEquals(addIds(() => invalid, ids)(ITEM), invalid);
});
