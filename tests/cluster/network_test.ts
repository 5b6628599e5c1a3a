import { assertEquals } from "@std/assert";
import { Cluster, range } from "../fixtures/cluster.ts";
import { HAS_NAMESPACES, OtherMachine } from "../fixtures/network.ts";
import { until } from "../fixtures/until.ts";

const COUNT = 400;
const SLICE = 20;
const IN_FLIGHT = 5;
/** How many requests the slices of such a worker have, with the one that it begins next. */
const HELD = (IN_FLIGHT + 1) * SLICE;
/** How many requests a worker makes until all that it has in flight are held. */
const MADE = (IN_FLIGHT - 1) * SLICE + 8;

Deno.test({
  name: "a worker whose network is cut repeats only what it held (needs network namespaces)",
  ignore: !HAS_NAMESPACES,
  async fn() {
    await using machine = await OtherMachine.start();
    await using cluster = await Cluster.start({ host: machine.host });
    const { target } = cluster;
    const output = cluster.dir.path("out.ndjson");
    target.hold((path) => Number(path.slice(1)) % SLICE === 7);
    const run = cluster.submit([
      ...["-n", `${COUNT}`, "-c", `${IN_FLIGHT}`, "--slice", `${SLICE}`, "--lost-after", "2s"],
      ...[target.url("/{}"), "-o", output],
    ]);
    const remote = await cluster.join(run, { within: machine.within });
    await cluster.sees(MADE);
    await machine.cut();
    target.release();
    target.hold((path) => path === `/${COUNT - 1}`);
    await cluster.join(run);
    await cluster.sees(COUNT + MADE);
    await until(() => target.held === 1);
    const parts = await cluster.tap("myriad.*.store.part.>");
    await machine.connect();
    // It stores what it had done, and learns that others have committed it.
    await until(() => parts.messages.length >= IN_FLIGHT);
    target.release();
    const { code, stderr } = await run.ended;
    assertEquals(code, 0, stderr);
    const worked = await remote.ended;
    assertEquals(worked.code, 0, worked.stderr);
    await cluster.verify(output, { numbers: range(COUNT), repeats: HELD });
  },
});
