import type { Condition } from "../condition.ts";

/** Servers that take no connection, or none for a while. */
export const QUEUES: readonly Condition[] = [
  {
    name: "SYN queue of 1, without cookies",
    concurrency: 200,
    timeoutSeconds: 30,
    apply: ({ server }) =>
      server.change({
        "net.ipv4.tcp_syncookies": 0,
        "net.ipv4.tcp_max_syn_backlog": 1,
        "net.core.somaxconn": 1,
      }),
  },
  {
    name: "server that stands still for 5 s",
    timeoutSeconds: 30,
    concurrency: 200,
    apply: ({ server }) => server.change({ "net.ipv4.tcp_syncookies": 0, "net.core.somaxconn": 1 }),
    async during({ laboratory: { server }, wait, recover }) {
      await server.signal("SIGSTOP");
      try {
        await wait(5);
      } finally {
        await server.signal("SIGCONT");
      }
      await recover();
    },
  },
  {
    name: "server that stands still for 5 s, 5 retries of 2 s",
    timeoutSeconds: 2,
    retries: 5,
    concurrency: 200,
    requests: 20_000,
    async during({ laboratory: { server }, reach, wait, recover }) {
      await reach(0.3);
      await server.signal("SIGSTOP");
      try {
        await wait(5);
      } finally {
        await server.signal("SIGCONT");
      }
      await recover();
    },
  },
];
