import { DoneSet } from "../../lib/checkpoint/done_set.ts";
import { formatJournal, JournalError, parseJournal, sha256 } from "../../lib/checkpoint/journal.ts";
import { Stats } from "../../lib/stats/stats.ts";
import { attemptLater, decode, type FuzzTarget, hold, holdEqual } from "../target.ts";

const STATE = {
  identity: { command: "run", url: "http://h/" },
  salt: "x",
  input: { size: 1, mtimeMs: 2.5 },
  crEndsLines: true,
  complete: false,
  cluster: null,
  retry: { done: { low: 0, above: "" }, count: 3, replacing: false },
  done: { low: 12, above: "8A8=" },
  output: 100,
  failures: null,
  archive: 5,
  log: { id: 7, covered: [3], seconds: 1 },
  stats: JSON.parse(JSON.stringify(new Stats({ details: true }).toJSON())),
  seconds: 1.5,
  cpuSeconds: 1,
  peakRssKb: 1,
  shortages: { sockets: 1 },
};

export const target: FuzzTarget = {
  reads: "journals of runs, of each version, with a digest that is right",
  seeds: ["6", "5", "4", "1"].map((version) => `${version}${JSON.stringify(STATE)}`),
  tokens: [
    '"low":',
    '"above":"',
    '"stats":',
    "null",
    "{}",
    "[]",
    '""',
    "1e400",
    "-1",
    ":",
    ",",
    "=",
  ],
  maxBytes: 8_192,
  maxSteps: (bytes) => 5_000_000 + 1_000 * bytes,

  async run(input) {
    const text = decode(input);
    const [body] = text.slice(1).split("\n");
    const journal = `myriad journal ${text.slice(0, 1)} ${await sha256(body)}\n${body}\n`;
    const read = await attemptLater(() => parseJournal(journal), JournalError);
    if ("error" in read) return read.error;
    const { done, stats } = read.value;
    const set = DoneSet.from(done);
    hold(set.low >= done.low, "what is done is not done any more");
    const { low, above } = set.toJSON();
    holdEqual(
      DoneSet.from({ low, above }).toJSON(),
      { low, above },
      "a set changes when it is kept",
    );
    const kept = JSON.parse(JSON.stringify(Stats.from(stats).toJSON()));
    const again = JSON.parse(JSON.stringify(Stats.from(kept).toJSON()));
    holdEqual(again, kept, "statistics change when they are kept");
    const written = await parseJournal(await formatJournal({ ...read.value, stats: kept }));
    holdEqual(written.done, done, "a journal that is written reads differently");
    return JSON.stringify([low, kept]);
  },
};
