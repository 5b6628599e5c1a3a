import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  isOtherOnItsWay,
  isWrittenBefore,
  toBusError,
  toConnectError,
} from "../../../lib/cluster/bus/trouble.ts";
import { BusError, UsageError } from "../../../lib/errors.ts";

/** An error of the client: its members, and those of its cause. */
const make = (members: object, cause?: object): Error =>
  Object.assign(new Error("x"), members, cause && { cause: make(cause) });

for (
  const [error, trouble, words] of [
    [
      make({ name: "TimeoutError" }),
      "away",
      "the NATS server does not answer: look whether it runs, and try again",
    ],
    [
      make({ name: "ClosedConnectionError" }),
      "away",
      "the connection to the NATS server is closed",
    ],
    [make({ code: 10_008 }), "away", "JetStream is not available at present"],
    [make({ code: 10_077 }), "full", "the store of the run is full"],
    [make({ code: 10_164 }), "away", "another write of the same key is on its way"],
    [make({ code: 10_023 }), "full", "the NATS server has no room left"],
    [make({ code: 10_059 }), "gone", "the run is not on the bus any more"],
    [make({ code: 10_014 }), "gone", "the run is not on the bus any more"],
    [make({ code: 10_039 }), "failed", "start nats-server with -js"],
    [make({ code: 10_065 }), "failed", "a run of that name is on the bus already"],
    [make({ code: 10_005 }), "failed", "use a smaller --cluster-replicas"],
    [
      make({ name: "UserAuthenticationExpiredError" }),
      "denied",
      "does not let the user in any more",
    ],
    [make({}, { name: "NoResponders" }), "away", "it is starting, or not enabled"],
    [
      make({ name: "RequestError" }, {
        name: "PermissionViolationError",
        operation: "publish",
        subject: "a.b",
      }),
      "denied",
      "the NATS user may not publish to 'a.b': give it the permissions of docs/cluster.md#",
    ],
    [make({ message: "something new" }), "failed", "something new"],
  ] as const
) {
  Deno.test(`toBusError() says '${words}'`, () => {
    const result = toBusError(error, "do it") as BusError;
    assertEquals([result.trouble, result.exitCode], [trouble, 3]);
    assertStringIncludes(result.message, `Cannot do it: `);
    assertStringIncludes(result.message, words);
  });
}

Deno.test("toBusError() leaves an error that has words already", () => {
  for (const error of [new BusError("a", "full"), new UsageError("b")]) {
    assertEquals(toBusError(error, "do it"), error);
  }
});

for (
  const [code, isBefore, isOnItsWay] of [
    [10_071, true, false],
    [10_164, true, true],
    [10_077, false, false],
  ] as const
) {
  Deno.test(`isWrittenBefore() is ${isBefore} for code ${code}`, () => {
    const error = make({ code });
    assertEquals([isWrittenBefore(error), isOtherOnItsWay(error)], [isBefore, isOnItsWay]);
  });
}

for (
  const [members, words] of [
    [{ name: "TimeoutError" }, "no server of NATS answers there within 5 s: correct the address"],
    [{ code: "ENOTFOUND" }, "its name is unknown: correct it"],
    [{ code: "EAI_AGAIN" }, "its name cannot be looked up at present: try again"],
    [{ code: "ECONNREFUSED" }, "connection refused: start 'nats-server -js' there"],
    [{ message: "no route to host" }, "no route to host"],
  ] as const
) {
  Deno.test(`toConnectError() says '${words}'`, () => {
    const options = { servers: ["h:4222"], login: undefined, tls: undefined };
    assertEquals(
      toConnectError(make(members), options).message.slice(0, 44 + words.length),
      `Cannot connect to the NATS server 'h:4222': ${words}`,
    );
  });
}
