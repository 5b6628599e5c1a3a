import { assert, assertEquals } from "@std/assert";
import type { RetryOptions } from "../../lib/options/run_options.ts";
import type { Result } from "../../lib/result.ts";
import { RetryPolicy } from "../../lib/schedule/retry_policy.ts";
import { result } from "../fixtures/result.ts";

const OPTIONS: RetryOptions = {
  retries: 3,
  on: new Set(["timeout", "reset", "refused", "connect", "429", "503"]),
  delayMs: 100,
  maxDelayMs: 1_000,
  unsafe: false,
  expected: undefined,
  failsOnStatus: true,
};

for (
  const [what, more, method, attempts, expected] of [
    ["an answer", { status: 200 }, "GET", 1, false],
    ["a status that is named", { status: 503 }, "GET", 1, true],
    ["a status that is not", { status: 500 }, "GET", 1, false],
    ["an error that is named", { status: null, error: "timeout" }, "GET", 1, true],
    ["an error that is not", { status: null, error: "tls" }, "GET", 1, false],
    ["what would fail again", { status: null, error: "reset", isPermanent: true }, "GET", 1, false],
    ["the last attempt but one", { status: 503 }, "GET", 3, true],
    ["the last attempt", { status: 503 }, "GET", 4, false],
    ["a PUT", { status: 503 }, "PUT", 1, true],
    ["a DELETE", { status: 503 }, "DELETE", 1, true],
    ["a POST", { status: 503 }, "POST", 1, false],
    ["a PATCH", { status: null, error: "timeout" }, "PATCH", 1, false],
    ["a POST that got no connection", { status: null, error: "refused" }, "POST", 1, true],
    ["the last attempt of such a POST", { status: null, error: "refused" }, "POST", 4, false],
    [
      "a POST that was redirected to where it got none",
      { status: null, error: "refused", redirects: 1 },
      "POST",
      1,
      false,
    ],
    [
      "a POST that may have lost its connection",
      { status: null, error: "connect" },
      "POST",
      1,
      false,
    ],
  ] as const
) {
  Deno.test(`RetryPolicy.wantsMore() is ${expected} after ${what}`, () => {
    const of = result(more as Partial<Result>, { method });
    assertEquals(new RetryPolicy(OPTIONS).wantsMore(of, attempts), expected);
  });
}

Deno.test("RetryPolicy.wantsMore() is true for a POST when the user allows it", () => {
  const policy = new RetryPolicy({ ...OPTIONS, unsafe: true });
  assert(policy.wantsMore(result({ status: 503 }, { method: "POST" }), 1));
});

Deno.test("RetryPolicy.waitMs() is any time up to a bound that doubles", () => {
  const most = new RetryPolicy(OPTIONS, () => 1 - Number.EPSILON);
  const bounds = [1, 2, 3, 4, 5, 1_000].map((attempts) => Math.round(most.waitMs(attempts)));
  assertEquals(bounds, [100, 200, 400, 800, 1_000, 1_000]);
  assertEquals(new RetryPolicy(OPTIONS, () => 0).waitMs(4), 0);
  assertEquals(new RetryPolicy(OPTIONS, () => 0.5).waitMs(2), 100);
});

Deno.test("RetryPolicy.isTransient() accepts a mismatch by 'expect' or its status", () => {
  const isTransient = (on: string[], status: number): boolean =>
    new RetryPolicy({ ...OPTIONS, on: new Set(on) })
      .isTransient(result({ status, error: "expect", detail: "" }));
  assertEquals(isTransient(["expect"], 200), true);
  assertEquals(isTransient(["503"], 503), true);
  assertEquals(isTransient(["503", "timeout"], 200), false);
});

const has = (...statuses: number[]): NonNullable<RetryOptions["expected"]> => ({
  text: statuses.join(),
  has: (status) => statuses.includes(status),
});

for (
  const [what, options, more, of, expected] of [
    ["an answer", {}, { status: 200 }, {}, undefined],
    ["an error", {}, { status: null, error: "reset", detail: "d" }, {}, "d"],
    ["a status that is left", {}, { status: 503 }, {}, "status 503 after 4 attempts"],
    ["what was not as expected", {}, { status: 503, error: "expect", detail: "d" }, {}, "d"],
    ["no retries asked for", { failsOnStatus: false }, { status: 503 }, {}, undefined],
    ["an expected status", { expected: has(200, 503) }, { status: 503 }, {}, undefined],
    [
      "another expected",
      { expected: has(200) },
      { status: 503 },
      {},
      "status 503 after 4 attempts",
    ],
    ["a record's own", {}, { status: 503 }, { expect: { statuses: has(503) } }, undefined],
    [
      "a record's own over the run's",
      { expected: has(503) },
      { status: 503 },
      { expect: { statuses: has(200) } },
      "status 503 after 4 attempts",
    ],
    [
      "a POST",
      {},
      { status: 503 },
      { method: "POST" },
      "status 503 after 4 attempts, made again only with --retry-unsafe",
    ],
    [
      "a POST without retries",
      { retries: 0 },
      { status: 503 },
      { method: "POST" },
      "status 503 after 4 attempts",
    ],
  ] as const
) {
  Deno.test(`RetryPolicy.toFinal() explains ${what}`, () => {
    const policy = new RetryPolicy({ ...OPTIONS, ...options });
    const last = policy.toFinal(result(more as Partial<Result>, of), 4);
    assertEquals([last.attempts, last.detail], [4, expected]);
    const isMade = expected?.startsWith("status");
    if (isMade) assertEquals([last.error, last.expectation], ["expect", "--retry-on 503"]);
  });
}

Deno.test("RetryPolicy.isTransient() and nameCause() ignore a status that is expected", () => {
  const policy = new RetryPolicy({ ...OPTIONS, expected: has(200, 503) });
  for (
    const [more, isTransient, cause] of [
      [{ status: 503 }, false, "503"],
      [{ status: 429 }, true, "429"],
      [{ status: 429, error: "expect" }, true, "429"],
      [{ status: 503, error: "expect" }, false, "expect"],
      [{ status: null, error: "timeout" }, true, "timeout"],
    ] as const
  ) {
    assertEquals(policy.isTransient(result(more)), isTransient);
    assertEquals(policy.nameCause(result(more)), cause);
  }
});
