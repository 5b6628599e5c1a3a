import { runCommand } from "../meter.ts";
import { ServerProcess } from "../server_process.ts";
import { writeNsdConfiguration, writeZone } from "./urls.ts";

const PORT = 53;
/** Names hold for longer than the bench takes. */
const TTL_SECONDS = 3_600;

/** Debian's NSD with one process, at port 53 of the loopback address. */
export class Nsd extends ServerProcess {
  #configuration = "";

  /** @param directory for its files, which somebody else removes */
  static async start(directory: string, hosts: number): Promise<Nsd> {
    const zone = `${directory}/zone`;
    const configuration = `${directory}/nsd.conf`;
    await writeZone(zone, hosts, TTL_SECONDS);
    await Deno.writeTextFile(configuration, writeNsdConfiguration(directory, zone));
    const nsd = new Nsd(["nsd", "-d", "-c", configuration], PORT);
    nsd.#configuration = configuration;
    return await nsd.listening();
  }

  /** How many queries it got so far, by UDP and TCP. */
  async countQueries(): Promise<number> {
    const output = await runCommand([
      "nsd-control",
      ...["-c", this.#configuration, "stats_noreset"],
    ]);
    const count = /^num\.queries=(\d+)$/m.exec(output?.stdout ?? "")?.[1];
    if (count === undefined) throw new Error(`nsd-control said '${output?.stderr}'`);
    return Number(count);
  }
}
