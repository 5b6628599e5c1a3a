import { assert, assertObjectMatch } from "@std/assert";
import { toConnectFailure } from "../../../lib/engine/sockets/connect_failure.ts";

const LINK_LOCAL = "a link-local address needs a zone (as in %eth0), which no URL can name";
const NO_ADDRESS = "the address cannot be connected to, or no local port is left";

for (
  const [hostname, isOfProxy, detail, scope] of [
    ["fe80::1", false, LINK_LOCAL, "host"],
    ["febf::1", false, LINK_LOCAL, "host"],
    ["fec0::1", false, NO_ADDRESS, "network"],
    ["fe80.test", false, NO_ADDRESS, "network"],
    ["fe80::1", true, `the proxy: ${NO_ADDRESS}`, "proxy"],
  ] as const
) {
  Deno.test(`toConnectFailure() explains EINVAL for ${hostname} ${isOfProxy ? "through" : "without"} a proxy`, () => {
    const failure = toConnectFailure(
      {
        code: "EINVAL",
        message: `connect EINVAL ${hostname}:80`,
        isTls: false,
        isOfProxy,
        refusal: undefined,
        wasReached: false,
      },
      { connectTimeoutMs: 1_000, hasAddress: true, hostname, isProxied: isOfProxy },
    );
    assertObjectMatch(failure, { error: "connect", detail, scope });
    assert(!failure.isUnreachable);
  });
}
