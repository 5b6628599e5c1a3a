import { assertEquals } from "@std/assert";
import { digest } from "../../../lib/cluster/bus/digest.ts";
import type { Hold } from "../../../lib/cluster/messages.ts";
import { NatsServer } from "../../fixtures/nats_server.ts";
import { at, open, STREAMS, test } from "../../fixtures/opened_bus.ts";
import { until } from "../../fixtures/until.ts";

for (
  const [what, key] of [["in clear", undefined], ["sealed", new Uint8Array(32).fill(7)]] as const
) {
  test(`write() tells those who come before and later of a host, ${what}`, async () => {
    await using nats = await NatsServer.start();
    await using one = await open(at(nats));
    const run = await one.bus.createRun("a", { ...STREAMS, key });
    const hold: Hold = { host: "secret.example:80", untilMs: 5 };
    const heard: Hold[] = [];
    const hear = async (): Promise<() => void> =>
      await run.holds.watch((hold) => Promise.resolve(void heard.push(hold)), () => {});
    const ends = [await hear()];
    await run.holds.write(hold);
    await until(() => heard.length === 1);
    ends.push(await hear());
    assertEquals(heard, [hold, hold]);
    for (const end of ends) end();
    // Whoever reads the server's disk can guess hosts, and hash them.
    const guess = digest(new TextEncoder().encode(hold.host));
    assertEquals(nats.findInStore([guess]), key === undefined ? [guess] : []);
  });
}
