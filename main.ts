/**
 * The command line of `myriad`: the only file that prints, exits and listens to signals.
 *
 * @module
 */
import config from "./deno.json" with { type: "json" };
import { escapeForTerminal } from "./lib/escape.ts";
import { formatFlags, UsageError } from "./lib/flags.ts";
import { parseRun, RUN_FLAGS, type RunOptions } from "./lib/options.ts";
import { Progress } from "./lib/report/progress.ts";
import { formatSummary } from "./lib/report/json.ts";
import { formatTable } from "./lib/report/table.ts";
import { formatReached } from "./lib/report/verdict.ts";
import { GRACE_MS, Run } from "./lib/run.ts";
import { GaveUp } from "./lib/schedule/schedule.ts";
import { ClosedPipe } from "./lib/sink/blocks.ts";
import type { Snapshot } from "./lib/types.ts";

const HELP = `Make a very large number of HTTP requests, in flat memory.

Usage: myriad [OPTIONS] URL       make requests (myriad run is the same)
       myriad serve [OPTIONS]     the delay server; see myriad serve --help
       myriad verify [OPTIONS]    whether a server's log agrees; see myriad verify --help

URL is a template: {} is the request's number, from 0, or the line of --input; {name} is a field
of a CSV or JSONL record, percent-encoded where it stands behind a = of the query ({+name}: as it
is); {{ and }} are braces. Values of --header, --cookie, --user-agent and --data are templates too:
there {{name}} stands for {name}, and other braces for themselves. Counts take k, M, G or an
exponent, durations ms, s, m or h.
${formatFlags(RUN_FLAGS)}
Exit codes: 0 all answers as expected, every threshold held; 1 some not; 2 the command line
or a file given to it is wrong, nothing was requested; 3 the run could not go on (disk full, the
input broke off); 130, 143, 129 interrupted by SIGINT, SIGTERM, SIGHUP: with -o, --resume goes on.
`;

const EXIT_OF_SIGNAL = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

async function main(argv: readonly string[]): Promise<number> {
  const [command, ...rest] = argv;
  if (command === "serve") {
    const { serve } = await import("./server.ts");
    return await serve(rest);
  }
  if (command === "verify") {
    const { verify } = await import("./lib/verify/command.ts");
    const { text, code } = await verify(rest);
    await print(text);
    return code;
  }
  if (command === "compare") throw new UsageError("'myriad compare' is not yet built");
  const options = await parseRun(command === "run" ? rest : argv, config.version);
  if (options === "help") return await print(HELP);
  if (options === "version") return await print(`myriad ${config.version}\n`);
  return await request(options);
}

async function request(options: RunOptions): Promise<number> {
  const isTerminal = Deno.stderr.isTerminal();
  const say = (text: string): void => {
    if (options.silent) return;
    const line = `myriad: ${escapeForTerminal(text)}\n`;
    void print(isTerminal ? `\r\x1b[K${line}` : line, Deno.stderr);
  };
  const run = await Run.open(options, say);
  const progress = new Progress({
    mode: options.progress === "auto" ? (isTerminal ? "bar" : "log") : options.progress,
    columns,
    color: isTerminal && !Deno.noColor,
    // The terminal may be gone.
    write: (bytes) => writeAll(Deno.stderr, bytes).catch(() => {}),
    takeSnapshot: () => run.snapshot(),
  });

  let exitCode: number | undefined;
  const hasTerminal = [Deno.stdin, Deno.stdout, Deno.stderr].some((it) => it.isTerminal());
  const listeners = Object.entries(EXIT_OF_SIGNAL).map(([signal, code]) => {
    const listener = (): void => {
      // It comes when the terminal goes. Where there was none, as under `nohup`, it is to be ignored,
      // and Deno would not leave it so.
      if (signal === "SIGHUP" && !hasTerminal) return;
      if (exitCode !== undefined) Deno.exit(code);
      exitCode = code;
      run.stop();
      const { inFlight } = run.snapshot();
      say(`interrupted, ${inFlight} in flight have ${GRACE_MS / 1000} s: again to end at once`);
    };
    Deno.addSignalListener(signal as Deno.Signal, listener);
    return () => Deno.removeSignalListener(signal as Deno.Signal, listener);
  });

  progress.start();
  const { snapshot, failure } = await run.finish(config.version);
  await progress.stop();
  for (const remove of listeners) remove();

  // Standard output is the records', where they go there.
  const toStdout = ![options.output?.path, options.failures, options.summary, options.hdr].includes(
    "-",
  );
  if (failure instanceof UsageError) throw failure;
  if (!(failure instanceof ClosedPipe)) {
    if (options.json) await print(formatSummary(snapshot, { version: config.version }));
    else if (!options.silent) {
      const place = toStdout ? Deno.stdout : Deno.stderr;
      await print(formatTable(snapshot, { color: place.isTerminal() && !Deno.noColor }), place);
    }
    if (failure !== undefined) await complain(failure);
    else if (exitCode === undefined && (options.silent || options.json)) await complainOf(snapshot);
    const isFile = options.output !== undefined && options.output.path !== "-";
    const isCutShort = exitCode !== undefined || snapshot.aborted !== undefined;
    if ((isCutShort || failure instanceof GaveUp) && isFile && !options.silent) {
      const without = snapshot.aborted === undefined ? "" : ", without --abort-on-threshold";
      await print(`myriad: the same command with --resume goes on${without}\n`, Deno.stderr);
    }
  }
  if (failure !== undefined) return 3;
  const isGood = snapshot.failed === 0 && snapshot.aborted === undefined &&
    snapshot.thresholds.every(({ holds }) => holds);
  return exitCode ?? (isGood ? 0 : 1);
}

/** The terminal's width; 80 where there is none to ask. */
function columns(): number {
  try {
    return Deno.consoleSize().columns;
  } catch {
    return 80;
  }
}

const encoder = new TextEncoder();

async function writeAll(
  place: typeof Deno.stdout | typeof Deno.stderr,
  bytes: Uint8Array,
): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    written += await place.write(bytes.subarray(written));
  }
}

/** Prints a text whole; that nobody reads it is no error. */
async function print(
  text: string,
  place: typeof Deno.stdout | typeof Deno.stderr = Deno.stdout,
): Promise<0> {
  await writeAll(place, encoder.encode(text)).catch(() => {});
  return 0;
}

/** One line, whatever went wrong, and never a stack trace. */
async function complain(error: unknown): Promise<void> {
  const message = error instanceof Error ? error.message : String(error);
  await print(`myriad: ${escapeForTerminal(message.replaceAll("\n", " "))}\n`, Deno.stderr);
}

/** Says which thresholds do not hold, where no table does. */
async function complainOf({ thresholds, aborted }: Snapshot): Promise<void> {
  for (const verdict of thresholds) {
    const { threshold, holds } = verdict;
    const how = threshold === aborted ? "ended the run" : "does not hold";
    if (holds && threshold !== aborted) continue;
    await complain(`the threshold '${threshold}' ${how}: ${formatReached(verdict)}`);
  }
}

if (import.meta.main) {
  // Out of file descriptors, the first access to a stack ends the process; this one comes before.
  void new Error().stack;
  let code;
  try {
    code = await main(Deno.args);
  } catch (error) {
    await complain(error);
    code = error instanceof UsageError ? 2 : 3;
  }
  // Something may still wait for standard input.
  Deno.exit(code);
}
