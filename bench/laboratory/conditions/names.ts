import { projectPath, V8_FLAGS } from "../../root.ts";
import type { Condition } from "../condition.ts";
import { DEAD_ADDRESS, type Laboratory, ROUTER, SERVER, SERVER_NAME } from "../laboratory.ts";
import type { NameTable } from "../name_server.ts";
import { addRules, dropAll } from "./rules.ts";

const [FIRST, SECOND] = SERVER.ipv4;
const [FIRST_IPV6] = SERVER.ipv6;

/** What names lead to, and how long that takes to find out. */
export const NAMES: readonly Condition[] = [
  byName("name server that takes 3 s", { [SERVER_NAME]: { ipv4: [FIRST], delayMs: 3_000 } }),
  byName("name that does not exist for 3 s, 9 retries", {
    [SERVER_NAME]: { ipv4: [FIRST], fault: "no such name", faultSeconds: 3, ttlSeconds: 1 },
  }, { retries: 9 }),
  byName("server failures for 3 s, 9 retries", {
    [SERVER_NAME]: { ipv4: [FIRST], fault: "server failure", faultSeconds: 3 },
  }, { retries: 9 }),
  byName("one of two names does not exist", { [SERVER_NAME]: { ipv4: [FIRST] } }, {
    hosts: [SERVER_NAME, "nothing.test"],
    mayFail: true,
    kinds: ["dns"],
  }),
  byName("name server that answers only over TCP", {
    [SERVER_NAME]: { ipv4: [FIRST], fault: "truncated" },
  }),
  byName("dead address before one that lives", { [SERVER_NAME]: { ipv4: [DEAD_ADDRESS, FIRST] } }, {
    apply: (laboratory) => addRules(laboratory, dropAll(`ip daddr ${DEAD_ADDRESS}`)),
  }),
  byName("IPv6 only", { [SERVER_NAME]: { ipv6: [FIRST_IPV6] } }),
  byName("IPv6 that is broken, beside IPv4", {
    [SERVER_NAME]: { ipv4: [FIRST], ipv6: [FIRST_IPV6] },
  }, {
    apply: (laboratory) => addRules(laboratory, dropAll("meta nfproto ipv6")),
  }),
  {
    ...byName("address that changes, the old one silent, 3 retries", {
      [SERVER_NAME]: { ipv4: [FIRST], ttlSeconds: 1 },
    }, { retries: 3, requests: 20_000 }),
    async during({ laboratory, folder, reach, last }) {
      await reach(0.25);
      await tell(folder, { [SERVER_NAME]: { ipv4: [SECOND], ttlSeconds: 1 } });
      last(await addRules(laboratory, dropAll(`ip daddr ${FIRST}`)));
    },
  },
];

/** A condition whose URLs have names. */
function byName(
  name: string,
  table: NameTable,
  { apply, ...more }: Partial<Condition> = {},
): Condition {
  return {
    name,
    hosts: [SERVER_NAME],
    ...more,
    async apply(laboratory, folder) {
      await using all = new AsyncDisposableStack();
      all.use(await startNameServer(laboratory, folder, table));
      const fault = await apply?.(laboratory, folder);
      if (fault !== undefined) all.use(fault);
      return all.move();
    },
  };
}

/** Changes what the name server says. */
async function tell(folder: string, table: NameTable): Promise<void> {
  // It reads the file at any moment.
  await Deno.writeTextFile(`${folder}/names.new`, JSON.stringify(table));
  await Deno.rename(`${folder}/names.new`, `${folder}/names.json`);
}

async function startNameServer(
  { router, client }: Laboratory,
  folder: string,
  table: NameTable,
): Promise<AsyncDisposable> {
  await tell(folder, table);
  const allowed = ["--allow-net", `--allow-read=${folder}`];
  const file = projectPath("bench/laboratory/name_server.ts");
  const run = [Deno.execPath(), "run", "--quiet", V8_FLAGS, ...allowed, file];
  const server = router.spawn([...run, ROUTER, `${folder}/names.json`], { stdout: "null" });
  const stop = async (): Promise<void> => {
    server.kill("SIGKILL");
    await server.status;
  };
  try {
    await router.listening(53);
  } catch (error) {
    await stop();
    throw error;
  }
  await client.resolveBy(ROUTER);
  return { [Symbol.asyncDispose]: stop };
}
