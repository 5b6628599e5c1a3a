import { projectPath } from "../../root.ts";
import type { Condition } from "../condition.ts";
import type { Host } from "../host.ts";
import type { Laboratory } from "../laboratory.ts";
import { addRules, dropSome } from "./rules.ts";

/** The device of the relay, in the router, and the table of routes that lead through it. */
const DEVICE = "delay0";
const TABLE = "100";

/** Links that are long, and whose length varies. */
export const DELAYS: readonly Condition[] = [
  {
    name: "round trip of 100 ms",
    timeoutSeconds: 60,
    apply: (laboratory) => delay(laboratory, 50, 0),
  },
  {
    name: "round trip of 40 to 160 ms",
    timeoutSeconds: 60,
    apply: (laboratory) => delay(laboratory, 50, 30),
  },
  {
    name: "round trip of 100 ms, loss of 1 %",
    timeoutSeconds: 60,
    async apply(laboratory) {
      await using both = new AsyncDisposableStack();
      both.use(await delay(laboratory, 50, 0));
      both.use(await addRules(laboratory, dropSome(10, `iifname "${DEVICE}"`)));
      return both.move();
    },
  },
];

/**
 * Delays each packet in both directions, by netem, or else by a relay.
 *
 * @param delayMs of one direction
 * @param jitterMs how much a packet's delay differs from that at most
 */
async function delay(
  { router }: Laboratory,
  delayMs: number,
  jitterMs: number,
): Promise<AsyncDisposable> {
  await using all = new AsyncDisposableStack();
  try {
    for (const link of ["client", "server"]) {
      const netem = ["netem", "delay", `${delayMs}ms`, `${jitterMs}ms`, "limit", "100000"];
      await router.run("tc", "qdisc", "replace", "dev", link, "root", ...netem);
      all.defer(async () => void await router.run("tc", "qdisc", "delete", "dev", link, "root"));
    }
    return all.move();
  } catch {
    // This kernel has no netem.
    return await startRelay(router, delayMs, jitterMs);
  }
}

async function startRelay(
  router: Host,
  delayMs: number,
  jitterMs: number,
): Promise<AsyncDisposable> {
  await using all = new AsyncDisposableStack();
  const file = projectPath("bench/laboratory/relay.py");
  const relay = router.spawn(["python3", "-B", file, DEVICE, `${delayMs}`, `${jitterMs}`]);
  all.defer(async () => {
    relay.kill("SIGKILL");
    await relay.status;
  });
  await router.until(`ip link show ${DEVICE}`);
  // What comes back out of the device has addresses of other links.
  all.use(
    await router.change({
      [`net.ipv4.conf.${DEVICE}.rp_filter`]: 0,
      "net.ipv4.conf.all.rp_filter": 0,
    }),
  );
  await router.run("ip", "link", "set", DEVICE, "txqueuelen", "10000", "up");
  for (const family of ["-4", "-6"]) {
    await router.run("ip", family, "route", "add", "default", "dev", DEVICE, "table", TABLE);
    for (const link of ["client", "server"]) {
      const rule = ["iif", link, "lookup", TABLE];
      await router.run("ip", family, "rule", "add", ...rule);
      all.defer(async () => void await router.run("ip", family, "rule", "delete", ...rule));
    }
  }
  return all.move();
}
