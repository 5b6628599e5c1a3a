import type { Condition } from "../condition.ts";

/** Many requests, so that they are under way when the server is told. */
const REQUESTS = 8_000;
const TIMES = 4;

/** What operators do to a server in mid-run, while requests of all kinds are in flight. */
export const RESTARTS: readonly Condition[] = [
  {
    name: "reloaded",
    requests: REQUESTS,
    isMixed: true,
    async during({ site, reach }) {
      if (site.reload === undefined) return;
      for (let times = 1; times <= TIMES; times++) {
        await reach(times / (TIMES + 1));
        await site.reload();
      }
    },
  },
  ...[0, 3].map((retries): Condition => ({
    name: retries === 0 ? "restarted" : `restarted, ${retries} retries`,
    requests: REQUESTS,
    isMixed: true,
    retries,
    mayFail: true,
    async during({ site, reach }) {
      for (let times = 1; times <= TIMES; times++) {
        await reach(times / (TIMES + 1));
        await site.restart();
      }
    },
  })),
];
