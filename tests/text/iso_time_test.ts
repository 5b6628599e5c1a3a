import { assertEquals } from "@std/assert";
import { toIsoTime } from "../../lib/text/iso_time.ts";

Deno.test("toIsoTime() gives null for what is beyond a date", () => {
  const times = [0, Date.UTC(2026, 0, 31, 12), 8.64e15, 8.65e15, NaN].map(toIsoTime);
  const [epoch, usual, last] = [
    ...["1970-01-01T00:00:00.000Z", "2026-01-31T12:00:00.000Z", "+275760-09-13T00:00:00.000Z"],
  ];
  assertEquals(times, [epoch, usual, last, null, null]);
});
