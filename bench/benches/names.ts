import type { Bench } from "../bench.ts";
import { Interrupted } from "../meter.ts";
import { findLack, runInNamespace } from "../names/namespace.ts";

/** Whether look-ups of many names cost little time and no memory. */
export const names: Bench = {
  measures: "1,000,000 URLs of 200,000 names beside addresses and few names, and beside aiohttp " +
    "with aiodns, curl, wget2 and aria2, in a network namespace with a name server",
  minutes: 30,
  async run({ servers, meter, scale, rounds }) {
    const lack = await findLack();
    if (lack !== undefined) {
      console.log(`\nnames is skipped: ${lack}`);
      return;
    }
    const resolvConf = servers.file("resolv.conf");
    await Deno.writeTextFile(resolvConf, "nameserver 127.0.0.1\n");
    const args = [`${scale}`, `${rounds ?? ""}`];
    const code = await runInNamespace(
      resolvConf,
      "bench/names/measure.ts",
      args,
      meter.signal,
    );
    if (meter.isStopped) throw new Interrupted();
    if (code !== 0) console.log(`\nnames ended with code ${code}`);
  },
};
