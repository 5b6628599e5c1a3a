import { assertEquals } from "@std/assert";
import { findResend, findSuspects } from "../../../lib/engine/http2/resend.ts";

const NO_WORD = Infinity;

Deno.test("findSuspects() is the stream that an error GOAWAY accepts last, and the one behind it", () => {
  const ending = { lastStreamId: 5, isError: true, lastSentId: 11, lastWriteId: 9 };
  assertEquals([...findSuspects([1, 3, 5, 7, 9, 11], ending)], [5, 7]);
  // Some are answered.
  assertEquals([...findSuspects([1, 9, 11], ending)], [5, 9]);
  assertEquals([...findSuspects([1, 3, 5], ending)], [5]);
  // A stream that is not sent yet cannot be why.
  assertEquals([...findSuspects([5, 13], ending)], [5]);
});

Deno.test("findSuspects() is what was written last if the server said nothing of use", () => {
  for (const lastStreamId of [NO_WORD, 2 ** 31 - 1]) {
    const ending = { lastStreamId, isError: true, lastSentId: 11, lastWriteId: 9 };
    assertEquals([...findSuspects([1, 3, 9, 11], ending)], [9, 11]);
    assertEquals([...findSuspects([1, 3, 9, 11, 13], ending)], [9, 11]);
    assertEquals([...findSuspects([1, 3], ending)], [3]);
    assertEquals([...findSuspects([13], ending)], []);
    assertEquals([...findSuspects([], ending)], []);
  }
});

Deno.test("findSuspects() is nothing without an error", () => {
  const ending = { lastStreamId: 5, isError: false, lastSentId: 11, lastWriteId: 9 };
  assertEquals(findSuspects([1, 3, 5, 7], ending).size, 0);
});

Deno.test("findResend() tells what was certainly not processed, and what must be alone", () => {
  const ending = { lastStreamId: 5, isError: true, lastSentId: 11, lastWriteId: 9 };
  assertEquals(findResend(5, false, ending), "idempotent");
  assertEquals(findResend(5, true, ending), "alone");
  assertEquals(findResend(7, false, ending), "always");
  assertEquals(findResend(7, true, ending), "always-alone");
  const silent = { ...ending, lastStreamId: NO_WORD };
  assertEquals(findResend(11, false, silent), "idempotent");
  assertEquals(findResend(13, false, silent), "always");
});
