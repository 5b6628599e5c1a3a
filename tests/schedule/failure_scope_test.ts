import { assertEquals } from "@std/assert";
import type { Result } from "../../lib/result.ts";
import { isNetworkFailure } from "../../lib/schedule/failure_scope.ts";
import { result } from "../fixtures/result.ts";

for (
  const [what, more, expected] of [
    ["an answer", { status: 503 }, false],
    ["a proxy that wants credentials", { status: 407 }, true],
    ["a timeout", { status: null, error: "timeout" }, true],
    ["no route", { status: null, error: "connect", scope: "network" }, true],
    [
      "a proxy that is down",
      { status: null, error: "connect", scope: "proxy" },
      true,
    ],
    [
      "a proxy that is out of credit",
      { status: null, error: "connect", scope: "proxy" },
      true,
    ],
    [
      "a host behind a proxy",
      { status: null, error: "connect", scope: "host" },
      false,
    ],
    ["a refusal", { status: null, error: "refused" }, false],
    [
      "an unknown name",
      { status: null, error: "dns", scope: "host" },
      false,
    ],
    [
      "no name server",
      { status: null, error: "dns", scope: "network" },
      true,
    ],
    ["an interruption", { status: null, error: "cancelled" }, undefined],
  ] as const
) {
  Deno.test(`isNetworkFailure() is ${expected} for ${what}`, () => {
    assertEquals(isNetworkFailure(result(more as Partial<Result>)), expected);
  });
}
