import { assertEquals } from "@std/assert";
import { addRules } from "../../bench/laboratory/conditions/rules.ts";
import type { Condition } from "../../bench/laboratory/condition.ts";
import { Laboratory } from "../../bench/laboratory/laboratory.ts";
import { OWN } from "../../bench/laboratory/peers/myriad.ts";
import { runRow } from "../../bench/laboratory/row.ts";
import { SITE_KINDS } from "../../bench/laboratory/servers/site_kinds.ts";
import type { Protocol } from "../../bench/laboratory/site.ts";
import { Meter } from "../../bench/meter.ts";
import { folder } from "../fixtures/folder.ts";
import { isOnPath } from "../fixtures/installed.ts";

const LACK = isOnPath("nginx") ? await Laboratory.findLack() : "it needs nginx";

/** How many packets the router lets through: enough for the first connections, not for the run. */
const PACKETS = 40;

/** The router drops all packets in mid-run, until a client has begun a new connection. */
const HOLE: Condition = {
  name: "a black hole for a moment",
  concurrency: 5,
  timeoutSeconds: 1,
  retries: 5,
  apply: (laboratory) =>
    addRules(
      laboratory,
      `chain hole {
         type filter hook forward priority 0
         numgen inc mod 1000000 < ${PACKETS} accept
         tcp flags & (syn | ack) == syn counter drop
         drop
       }`,
    ),
  async during({ laboratory: { router }, wait }) {
    while (
      !/counter packets [1-9]/.test(await router.run("nft", "list", "table", "inet", "fault"))
    ) {
      await wait(0.05);
    }
    await router.filter("flush chain inet fault hole\n");
  },
};

Deno.test({
  name: "a laboratory's black hole makes no request lost or wrongly reported" +
    (LACK === undefined ? "" : ` (left out: ${LACK})`),
  ignore: LACK !== undefined,
  async fn() {
    await using dir = await folder();
    await using laboratory = await Laboratory.open(dir.path());
    const meter = await Meter.open(dir.path("time.txt"));
    const site = SITE_KINDS.find(({ name }) => name === "nginx")!;
    const protocols: readonly Protocol[] = ["http", "h2"];
    for (const [k, protocol] of protocols.entries()) {
      const given = { laboratory, meter, site, protocol, condition: HOLE, client: OWN[k] };
      const { asked, answered, ok, failed, lost, wronglyOk, wronglyFailed, faults } = await runRow({
        ...given,
        requests: 200,
      });
      assertEquals(
        { asked, answered, ok, failed, lost, wronglyOk, wronglyFailed, faults },
        {
          ...{ asked: 200, answered: 200, ok: 200, failed: 0 },
          ...{ lost: 0, wronglyOk: 0, wronglyFailed: 0, faults: [] },
        },
      );
    }
  },
});
