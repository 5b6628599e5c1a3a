import type { Condition } from "../condition.ts";
import type { Laboratory } from "../laboratory.ts";
import { addRules } from "./rules.ts";

/** After how many seconds without a packet the router forgets a connection. */
const FORGETS_SECONDS = 3;

/** A router that translates addresses, and forgets connections that idle, without telling anybody. */
export const NATS: readonly Condition[] = [
  {
    name: `NAT that forgets after ${FORGETS_SECONDS} s, pauses of 5 s, 2 retries`,
    requests: 60,
    concurrency: 10,
    timeoutSeconds: 4,
    pauseSeconds: 5,
    retries: 2,
    apply: translate,
  },
  {
    name: "NAT that forgets all in mid-run, 2 retries",
    timeoutSeconds: 2,
    retries: 2,
    requests: 20_000,
    apply: translate,
    async during({ laboratory: { router }, reach }) {
      await reach(0.25);
      await router.run("conntrack", "-F");
    },
  },
];

async function translate(laboratory: Laboratory): Promise<AsyncDisposable> {
  await using all = new AsyncDisposableStack();
  all.use(
    await addRules(
      laboratory,
      `chain forget {
       type filter hook forward priority 0
       ct state invalid drop
     }
     chain translate {
       type nat hook postrouting priority 100
       oifname "server" masquerade
     }`,
    ),
  );
  all.use(
    await laboratory.router.change({
      "net.netfilter.nf_conntrack_tcp_timeout_established": FORGETS_SECONDS,
      // Packets in the middle of a connection that it does not know are not taken for a new one.
      "net.netfilter.nf_conntrack_tcp_loose": 0,
    }),
  );
  return all.move();
}
