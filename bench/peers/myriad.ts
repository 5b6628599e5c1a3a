import config from "../../deno.json" with { type: "json" };
import { ALLOW_NET, myriadCommand, PERMISSIONS, projectPath } from "../root.ts";
import type { Answers, Load, Peer } from "./peer.ts";

/** What makes connections: flags of `myriad`, and flags of `deno run` that allow them. */
export interface Connections {
  readonly name: string;
  readonly flags: readonly string[];
  readonly permissions: readonly string[];
}

/** The runtime's own sockets. */
export const PORTABLE: Connections = {
  name: "portable",
  flags: ["--transport", "portable"],
  permissions: ALLOW_NET,
};

/** Sockets of libc and TLS of OpenSSL. */
export const NATIVE: Connections = {
  name: "native",
  flags: ["--transport", "native"],
  permissions: [...ALLOW_NET, "--allow-ffi"],
};

/** Who has signed the certificate of the bench's nginx: native fetch has no `-k`. */
const AUTHORITY = projectPath("tests/fixtures/authority.crt");

/** The runtime's own client, over https. */
export const FETCH: Connections = {
  name: "native fetch",
  flags: ["--engine", "fetch", `--cacert=${AUTHORITY}`],
  permissions: [...ALLOW_NET, `--allow-read=${AUTHORITY}`],
};

/** Flags that readers of a table need not see: the bench's own files, and its certificate. */
const HIDDEN = ["--overwrite", "-k"];

/**
 * `myriad` from its source, each request with a URL of its own, as it is used.
 *
 * @param flags more flags than those of the load; its name shows them
 * @param permissions flags of `deno run`
 */
export function myriad(
  flags: readonly string[] = [],
  permissions: readonly string[] = PERMISSIONS,
): Peer {
  // The folder of a file given is the bench's business, not the reader's.
  const shown = flags.filter((flag) => !HIDDEN.includes(flag))
    .map((flag) => flag.replace(/^.*\//, ""));
  return {
    name: ["myriad -s", ...shown].join(" "),
    program: "myriad",
    version: config.version,
    command: ({ url, requests, concurrency }: Load): string[] =>
      myriadCommand(
        ["-s", "--json", ...flags, "-n", `${requests}`, "-c", `${concurrency}`, `${url}{}`],
        { permissions },
      ),
    read,
  };
}

function read(stdout: string): Answers {
  const { requests, failed, rate, latency_ms: { p99, p999, max } } = JSON.parse(stdout);
  const answered = requests - failed;
  const share = requests === 0 ? 0 : answered / requests;
  return { requests: answered, failed, rate: rate * share, latencyMs: { p99, p999, max } };
}
