import { FLAGS, projectPath } from "../root.ts";
import type { Peer } from "./peer.ts";

/** The least that native fetch costs: `bench/bare_fetch.ts`. */
export const bareFetch: Peer = {
  name: "bare loop over fetch",
  program: "bare_fetch.ts",
  version: Deno.version.deno,
  command: ({ url, requests, concurrency }) => [
    ...[Deno.execPath(), "run", ...FLAGS, projectPath("bench/bare_fetch.ts")],
    ...[url, `${requests}`, `${concurrency}`],
  ],
  read: (stdout) => JSON.parse(stdout),
};
