import { type Bench, scaled } from "../bench.ts";
import { printChecks } from "../checks.ts";
import { CPU, PEAK_MEMORY, printRuns, RATE, ratio, summarize } from "../figures.ts";
import { inTurn } from "../in_turn.ts";
import { Nginx } from "../nginx.ts";
import { runMyriad } from "../run.ts";
import { grouped } from "../table.ts";
import { writeLines } from "../write_lines.ts";

/** Whether memory follows the requests in flight, and not the hosts that were seen. */
export const hosts: Bench = {
  measures: "that memory does not follow the number of hosts, with --host-delay",
  minutes: 3,
  async run(context) {
    const { servers } = context;
    await using nginx = await Nginx.start({ directory: servers.directory, address: "0.0.0.0" });
    if (nginx === undefined) {
      console.log("\nhosts is skipped: it needs Debian's package nginx-light");
      return;
    }
    const all = scaled(100_000, context, 10_000);
    const few = Math.round(all / 10);
    const input = async (hosts: number): Promise<string> => {
      const file = servers.file(`${hosts}_hosts.txt`);
      await writeLines(file, all, (i) => {
        const host = i % hosts;
        const address = `127.${host >> 16}.${host >> 8 & 255}.${host & 255}`;
        return `http://${address}:${nginx.port}/${i}\n`;
      });
      return file;
    };
    const [same, many] = [few, all].map((hosts) =>
      `${grouped(all)} requests to ${grouped(hosts)} hosts`
    );
    const [sameInput, manyInput] = [await input(few), await input(all)];
    const flags = ["-c", "100", "--host-delay", "1s"];
    const samples = await inTurn(context, 3, {
      [same]: () => runMyriad(context, ["-i", sameInput, ...flags]),
      [many]: () => runMyriad(context, ["-i", manyInput, ...flags]),
    });
    const memory = { ...PEAK_MEMORY, hasRange: true, ratio: "ratio" };
    printRuns(flags.join(" "), samples, [memory, RATE, CPU]);
    printChecks([{
      what: "memory at ten times the hosts",
      reached: ratio(summarize(PEAK_MEMORY, samples[many]), summarize(PEAK_MEMORY, samples[same])),
      bound: "at most",
      limit: 1.1,
    }]);
  },
};
