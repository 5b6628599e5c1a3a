import type { Condition } from "../condition.ts";

/** Many requests, so that they are under way when the server is told. */
const REQUESTS = 20_000;

/** What operators do to a server in mid-run. */
export const RESTARTS: readonly Condition[] = [
  {
    name: "reloaded 3 times",
    requests: REQUESTS,
    async during({ site, reach }) {
      for (let times = 1; times <= 3; times++) {
        await reach(times / 5);
        await site.reload?.();
      }
    },
  },
  {
    name: "restarted twice, 3 retries",
    requests: REQUESTS,
    retries: 3,
    mayFail: true,
    async during({ site, reach }) {
      for (let times = 1; times <= 2; times++) {
        await reach(times / 4);
        await site.restart();
      }
    },
  },
];
