/**
 * The command line of `myriad`: the only file that prints, exits and listens to signals.
 *
 * @module
 */
import config from "./deno.json" with { type: "json" };
import { closest } from "./lib/cli/closest.ts";
import { formatFlags } from "./lib/cli/flags.ts";
import {
  complain,
  formatMessage,
  print,
  printAtOnce,
  runProgram,
  writeAll,
} from "./lib/cli/print.ts";
import { ClosedPipe, NoProgressError, toExitCode, UsageError } from "./lib/errors.ts";
import type { RunOptions } from "./lib/options/run_options.ts";
import type { Size } from "./lib/progress/display.ts";
import type { Progress, ProgressOptions } from "./lib/progress/progress.ts";
import type { Snapshot } from "./lib/stats/snapshot.ts";

const help = (flags: string): string =>
  `Make a very large number of HTTP requests, in flat memory.

Usage: myriad [OPTIONS] URL       make requests (myriad run is the same)
       myriad serve [OPTIONS]     the delay server; see myriad serve --help
       myriad compare [OPTIONS]   client strategies side by side; see myriad compare --help
       myriad verify [OPTIONS]    whether a server's log agrees; see myriad verify --help
       myriad report [OPTIONS]    of an earlier run, or two side by side; see myriad report --help

URL is a template: {} is the request's number, from 0, or the line of --input; {name} is a field
of a CSV or JSONL record, percent-encoded where it stands behind a = of the query ({+name}: as it
is); {{ and }} are braces. Values of --header, --cookie, --user-agent and --data are templates too:
there {{name}} stands for {name}, and other braces for themselves. Counts take k, M, G or an
exponent, durations ms, s, m or h.
${flags}
Exit codes: 0 all answers as expected, every threshold held; 1 some not; 2 the command line
or a file given to it is wrong, nothing was requested; 3 the run could not go on (disk full, the
input broke off, nobody listens at the only host, nothing succeeded for --give-up-after), or
standard output could not be written; 130, 143, 129 interrupted by SIGINT, SIGTERM, SIGHUP: with
-o, --resume goes on.
`;

const COMMANDS: readonly string[] = ["run", "serve", "compare", "verify", "report"];

const EXIT_OF_SIGNAL = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/**
 * Each command loads its own code and no other's: the memory of a small process is mostly code, and
 * `compare` measures such.
 */
async function main(argv: readonly string[]): Promise<number> {
  const [command, ...rest] = argv;
  // It was compiled with this permission for one command; no other is to start anything. From its
  // source a program has what it was given: to take one permission of `--allow-all` takes devices too.
  if (Deno.build.standalone && command !== "compare") Deno.permissions.revokeSync({ name: "run" });
  if (command === "serve") {
    const { serve } = await import("./lib/commands/serve/command.ts");
    return await serve(rest);
  }
  if (command === "verify") {
    const { verify } = await import("./lib/commands/verify/command.ts");
    const { text, code } = await verify(rest);
    await print(text);
    return code;
  }
  if (command === "report") {
    const { report } = await import("./lib/commands/report/command.ts");
    const color = Deno.stdout.isTerminal() && !Deno.noColor;
    const { text, notice } = await report(rest, { version: config.version, color });
    await print(text);
    if (notice !== undefined) await complain(notice);
    return 0;
  }
  if (command === "compare") return await compareStrategies(rest);
  // Not for people: what `compare` starts.
  if (command === "compare-client") {
    const { runClient } = await import("./lib/commands/compare/client.ts");
    await print(JSON.stringify(await runClient(JSON.parse(rest[0]))));
    return 0;
  }
  const isWord = /^[a-z]+$/i.test(command ?? "") && !COMMANDS.includes(command);
  const meant = isWord ? closest(command, COMMANDS) : undefined;
  if (meant !== undefined) {
    throw new UsageError(`There is no command '${command}': did you mean 'myriad ${meant}'?`);
  }
  const { parseRun, RUN_FLAGS } = await import("./lib/options/parse.ts");
  const options = await parseRun(command === "run" ? rest : argv, config.version);
  if (options === "help") await print(help(formatFlags(RUN_FLAGS)));
  else if (options === "version") await print(`myriad ${config.version}\n`);
  else return await request(options);
  return 0;
}

async function compareStrategies(argv: readonly string[]): Promise<number> {
  const { compare } = await import("./lib/commands/compare/command.ts");
  const interrupted = new AbortController();
  let code = 0;
  for (const [signal, exitCode] of Object.entries(EXIT_OF_SIGNAL)) {
    Deno.addSignalListener(signal as Deno.Signal, () => {
      code = exitCode;
      interrupted.abort(new Error("Interrupted"));
    });
  }
  try {
    await compare(argv, {
      version: config.version,
      signal: interrupted.signal,
      color: Deno.stdout.isTerminal() && !Deno.noColor,
      print,
      note: (text) => print(text, Deno.stderr),
    });
  } catch (error) {
    if (code === 0) throw error;
  }
  return code;
}

async function request(options: RunOptions): Promise<number> {
  const [{ formatWait, Run }, { Progress }, { formatSummary }, table] = await Promise.all([
    import("./lib/run/run.ts"),
    import("./lib/progress/progress.ts"),
    import("./lib/report/json.ts"),
    import("./lib/report/table.ts"),
  ]);
  const { formatFailed, formatMadeAgain, formatTable } = table;
  const isTerminal = Deno.stderr.isTerminal();
  const mode = chooseDisplay(options);
  const isLive = mode === "live" || mode === "auto";
  let progress: Progress | undefined = undefined;
  const say = (text: string): void => {
    if (options.silent) return;
    const line = formatMessage(text);
    if (progress === undefined) void print(`${line}\n`, Deno.stderr);
    else progress.say(line);
  };
  const run = await Run.open({ ...options, details: options.details || isLive }, say);
  progress = await Progress.open({
    mode,
    size: terminalSize,
    color: isTerminal && !Deno.noColor,
    durationMs: options.durationMs,
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
      if (exitCode !== undefined) {
        printAtOnce(progress?.abandon() ?? "");
        Deno.exit(code);
      }
      exitCode = code;
      run.stop();
      const wait = formatWait(run.snapshot().inFlight);
      const again = signal === "SIGINT" ? "press Ctrl-C again" : `send ${signal} again`;
      say(wait === "" ? "interrupted" : `interrupted: ${wait}; ${again} to quit now`);
    };
    Deno.addSignalListener(signal as Deno.Signal, listener);
    return () => Deno.removeSignalListener(signal as Deno.Signal, listener);
  });
  // It was stopped, and a shell had the terminal.
  const onContinued = (): void => progress?.forget();
  Deno.addSignalListener("SIGCONT", onContinued);
  listeners.push(() => Deno.removeSignalListener("SIGCONT", onContinued));

  progress.start();
  const { snapshot, failure, madeAgain } = await run.finish(config.version);
  await progress.stop(snapshot);
  for (const remove of listeners) remove();

  // Standard output is the records', where they go there.
  const toStdout = ![options.output?.path, options.failures, options.summary, options.hdr].includes(
    "-",
  );
  if (failure instanceof UsageError) throw failure;
  let notPrinted: unknown;
  if (!(failure instanceof ClosedPipe)) {
    try {
      if (options.json) await print(formatSummary(snapshot, { version: config.version }));
      else if (!options.silent) {
        const place = toStdout ? Deno.stdout : Deno.stderr;
        await print(formatTable(snapshot, { color: place.isTerminal() && !Deno.noColor }), place);
      }
    } catch (error) {
      notPrinted = error;
      await complain(error);
    }
    if (madeAgain !== undefined && madeAgain.wanted > 0 && !options.silent) {
      await complain(formatMadeAgain(madeAgain));
    }
    if (failure !== undefined) await complain(failure);
    else if (exitCode === undefined && (options.silent || options.json)) {
      if (snapshot.failed > 0 && !options.json) await complain(formatFailed(snapshot));
      await complainOfThresholds(snapshot);
    }
    const isFile = options.output !== undefined && options.output.path !== "-";
    const isCutShort = exitCode !== undefined || snapshot.aborted !== undefined;
    if ((isCutShort || failure instanceof NoProgressError) && isFile && !options.silent) {
      const without = snapshot.aborted === undefined ? "" : ", without --abort-on-threshold";
      await print(`myriad: the same command with --resume goes on${without}\n`, Deno.stderr);
    }
  }
  if (failure !== undefined || notPrinted !== undefined) return toExitCode(failure ?? notPrinted);
  const isGood = snapshot.failed === 0 && snapshot.aborted === undefined &&
    snapshot.thresholds.every(({ holds }) => holds);
  return exitCode ?? (isGood ? 0 : 1);
}

/** How the progress is shown: what needs a terminal of its own is a log where there is none. */
function chooseDisplay({ progress, output, failures }: RunOptions): ProgressOptions["mode"] {
  if (progress !== "auto" && progress !== "live") return progress;
  if (!Deno.stderr.isTerminal()) return "log";
  const isShared = [output?.path, failures].includes("-") && Deno.stdout.isTerminal();
  if (!isShared) return progress;
  return progress === "auto" ? "bar" : "log";
}

/** The terminal's size; 80 by 24 where there is none to ask, or it does not know. */
function terminalSize(): Size {
  try {
    const { columns, rows } = Deno.consoleSize();
    if (columns > 0 && rows > 0) return { columns, rows };
  } catch {
    // There is none.
  }
  return { columns: 80, rows: 24 };
}

/** Says which thresholds do not hold, where no table does. */
async function complainOfThresholds({ thresholds, aborted }: Snapshot): Promise<void> {
  const { formatReached } = await import("./lib/report/verdict.ts");
  for (const verdict of thresholds) {
    const { threshold, holds } = verdict;
    const how = threshold === aborted ? "ended the run" : "does not hold";
    if (holds && threshold !== aborted) continue;
    await complain(`the threshold '${threshold}' ${how}: ${formatReached(verdict)}`);
  }
}

if (import.meta.main) await runProgram(() => main(Deno.args));
