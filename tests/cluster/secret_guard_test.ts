import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { GuardedItems, refuseSecretColumns } from "../../lib/cluster/secret_guard.ts";
import { InputError, UsageError } from "../../lib/errors.ts";
import type { Item } from "../../lib/source/item.ts";
import { type Line, OverlongLine } from "../../lib/source/lines.ts";
import type { Step } from "../../lib/stream.ts";

function guard(...records: readonly Line[]): GuardedItems {
  const steps = records.map((record, i) => ({ value: { i, record, line: i + 1 }, done: false }));
  return new GuardedItems({
    next: () => (steps.shift() ?? { value: undefined, done: true }) as Step<Item>,
  });
}

Deno.test("GuardedItems gives records without credentials as they are", () => {
  const records = ["http://h/?a=1&b=2;c", "a@b", "x", ""];
  const items = guard(...records);
  const given = records.map(() => (items.next() as IteratorYieldResult<Item>).value.record);
  assertEquals(given, records);
  assertEquals((items.next() as Step<Item>).done, true);
});

for (
  const record of [
    "http://name:hunter2@h/",
    "http://h/?token=hunter2",
    "http://h/?a=1&api_key=hunter2",
    new OverlongLine("http://name:hunter2@h/"),
  ]
) {
  Deno.test(`GuardedItems keeps ${typeof record === "string" ? record : "a long record"} off the bus`, () => {
    const items = guard("http://h/", record);
    items.next();
    const { message } = assertThrows(() => void items.next(), InputError);
    assertStringIncludes(message, "line 2 of the input");
    assertEquals(message.includes("hunter2"), false);
  });
}

Deno.test("refuseSecretColumns() names the column", () => {
  refuseSecretColumns([["url", "id"]]);
  const { message } = assertThrows(
    () => refuseSecretColumns([["id"], ["id", "password"]]),
    UsageError,
  );
  assertStringIncludes(message, "Cannot submit the column 'password' in clear");
});
