import type { Condition } from "../condition.ts";
import { SERVER } from "../laboratory.ts";
import { addRules, dropAll } from "./rules.ts";

/** All packets of some addresses are dropped, without a word, from a moment on. */
export const BLACK_HOLES: readonly Condition[] = [
  {
    name: "black hole for one host of four",
    hosts: SERVER.ipv4.slice(0, 4),
    requests: 8_000,
    timeoutSeconds: 1,
    concurrency: 200,
    mayFail: true,
    kinds: ["timeout"],
    async during({ laboratory, reach, last }) {
      await reach(0.4);
      last(await addRules(laboratory, dropAll(`ip daddr ${SERVER.ipv4[3]}`)));
    },
  },
  {
    name: "black hole for good",
    requests: 20_000,
    timeoutSeconds: 2,
    concurrency: 200,
    mayFail: true,
    kinds: ["timeout"],
    async during({ laboratory, reach, last }) {
      await reach(0.9);
      last(await addRules(laboratory, dropAll()));
    },
  },
  {
    name: "black hole for 4 s, 5 retries",
    requests: 20_000,
    timeoutSeconds: 2,
    retries: 5,
    async during({ laboratory, reach, wait, recover }) {
      await reach(0.25);
      {
        await using _hole = await addRules(laboratory, dropAll());
        await wait(4);
      }
      await recover();
    },
  },
];
