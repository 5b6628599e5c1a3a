import type { Condition, Run } from "../condition.ts";
import type { Host } from "../host.ts";
import type { Laboratory } from "../laboratory.ts";

/** So many that they are under way when the link goes down. */
const REQUESTS = 20_000;
/** How long a link is down, in seconds. */
const DOWN_SECONDS = 10;

/** What a link does: how much it carries, and whether it is there. */
export const LINKS: readonly Condition[] = [
  {
    name: "1 Mbit/s",
    timeoutSeconds: 60,
    apply: ({ router }) => narrow(router, "1mbit"),
  },
  {
    name: "link down for 10 s",
    timeoutSeconds: 30,
    // A connection that has to be made meanwhile cannot be.
    mayFail: true,
    kinds: ["connect"],
    requests: REQUESTS,
    during: (run) => goDown(run, "client"),
  },
  {
    name: "link down for 10 s, 9 retries of 2 s",
    timeoutSeconds: 2,
    retries: 9,
    requests: REQUESTS,
    during: (run) => goDown(run, "client"),
  },
  {
    name: "link behind the router down for 10 s, 9 retries of 2 s",
    timeoutSeconds: 2,
    retries: 9,
    requests: REQUESTS,
    // The router says that the network is unreachable.
    during: (run) => goDown(run, "server"),
  },
];

/** Has a link of the router down for a time, in the midst of the requests. */
async function goDown(
  { laboratory: { router }, reach, wait, recover }: Run,
  link: string,
): Promise<void> {
  await reach(0.25);
  {
    await using _down = await cut(router, link);
    await wait(DOWN_SECONDS);
  }
  await recover();
}

/** Takes a link of the router down. */
async function cut(router: Host, link: string): Promise<AsyncDisposable> {
  await router.run("ip", "link", "set", link, "down");
  return {
    [Symbol.asyncDispose]: async () => {
      await router.run("ip", "link", "set", link, "up");
    },
  };
}

/** Narrows both directions of a link of the router; a queue of 50 ms is before each. */
async function narrow(router: Host, rate: string): Promise<AsyncDisposable> {
  const links = ["client", "server"];
  for (const link of links) {
    const bucket = ["tbf", "rate", rate, "burst", "16k", "latency", "50ms"];
    await router.run("tc", "qdisc", "replace", "dev", link, "root", ...bucket);
  }
  return {
    [Symbol.asyncDispose]: async () => {
      for (const link of links) await router.run("tc", "qdisc", "delete", "dev", link, "root");
    },
  };
}

/** Whether the kernel of a laboratory can narrow links. */
export async function canNarrow({ router }: Laboratory): Promise<boolean> {
  try {
    await using _narrowed = await narrow(router, "1mbit");
    return true;
  } catch {
    return false;
  }
}
