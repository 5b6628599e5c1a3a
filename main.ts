/**
 * The program `myriad`: it chooses the command, prints results and listens to signals.
 *
 * @module
 */
import config from "./deno.json" with { type: "json" };
import { closest } from "./lib/cli/closest.ts";
import { complain, formatMessage, print, printAtOnce, runProgram } from "./lib/cli/print.ts";
import { COMMANDS } from "./lib/commands/commands.ts";
import {
  BusError,
  ClosedPipe,
  EXIT_OF_SIGNAL,
  InterruptedError,
  NoProgressError,
  toExitCode,
  UsageError,
} from "./lib/errors.ts";
import type { RunOptions } from "./lib/options/run_options.ts";
import { writeAll } from "./lib/process/write_all.ts";
import type { Size } from "./lib/progress/display.ts";
import type { Progress, ProgressOptions } from "./lib/progress/progress.ts";
import type { Snapshot } from "./lib/stats/snapshot.ts";
import { escapeForTerminal } from "./lib/text/escape.ts";

/** The names of the commands. */
const NAMES: readonly string[] = COMMANDS.map(({ name }) => name);

/** Words that are commands of other programs, and flags here. */
const HABITS: Readonly<Partial<Record<string, string>>> = { help: "--help", version: "--version" };

/**
 * Gives up a permission that the binary has for something else. From its source, the program keeps
 * what the user allows: revoking one permission of `--allow-all` would take access to devices, too.
 */
function giveUp(name: "run" | "ffi" | "env"): void {
  if (Deno.build.standalone) Deno.permissions.revokeSync({ name });
}

type Signal = keyof typeof EXIT_OF_SIGNAL;

/** Listens to the signals that end a program. Call what it returns to listen no more. */
function onSignals(take: (signal: Signal) => void): () => void {
  const removers = (Object.keys(EXIT_OF_SIGNAL) as Signal[]).map((signal) => {
    const listener = (): void => take(signal);
    Deno.addSignalListener(signal, listener);
    return () => Deno.removeSignalListener(signal, listener);
  });
  return () => removers.forEach((remove) => remove());
}

/** Listens to the signals that end what goes on for long. Call what it returns to listen no more. */
function onEnd(take: (signal: Signal) => void): () => void {
  const hasTerminal = [Deno.stdin, Deno.stdout, Deno.stderr].some((it) => it.isTerminal());
  return onSignals((signal) => {
    // A terminal that closes sends it. Without a terminal, as under `nohup`, it has to be ignored;
    // Deno's listener would end that.
    if (signal !== "SIGHUP" || hasTerminal) take(signal);
  });
}

/** What the first signal does, in words. @param wait what is waited for, in words; empty for nothing */
function describeEnd(signal: Signal, wait: string): string {
  const again = signal === "SIGINT" ? "press Ctrl-C again" : `send ${signal} again`;
  return wait === "" ? "interrupted" : `interrupted: ${wait}; ${again} to quit now`;
}

/**
 * Each command loads only its own code: the memory of a small process is mostly code, and `compare`
 * measures small processes.
 */
async function main(argv: readonly string[]): Promise<number> {
  const [command, ...rest] = argv;
  if (command !== "compare") giveUp("run");
  const isRun = command === "run" || command === "curl" || !NAMES.includes(command);
  if (!isRun && command !== "work") giveUp("ffi");
  if (!isRun) giveUp("env");
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
  if (command === "work") return await work(rest);
  if (command === "runs") {
    const { runs } = await import("./lib/commands/runs/command.ts");
    await print(await runs(rest));
    return 0;
  }
  if (command === "completions") {
    const { completions } = await import("./lib/commands/completions/command.ts");
    await print(completions(rest));
    return 0;
  }
  if (command === "man") {
    const { man } = await import("./lib/commands/man/command.ts");
    await print(man(rest, { version: config.version, date: new Date() }));
    return 0;
  }
  if (command === "compare") return await compareStrategies(rest);
  // Not for users: `compare` starts it.
  if (command === "compare-client") {
    giveUp("ffi");
    const { runClient } = await import("./lib/commands/compare/client.ts");
    await print(JSON.stringify(await runClient(JSON.parse(rest[0]))));
    return 0;
  }
  const isWord = /^[a-z]+$/i.test(command ?? "") && !NAMES.includes(command);
  const meant = isWord ? HABITS[command] ?? closest(command, NAMES) : undefined;
  if (meant !== undefined) {
    throw new UsageError(`There is no command '${command}': did you mean 'myriad ${meant}'?`);
  }
  const words = command === "curl" ? await readCurl(rest) : command === "run" ? rest : argv;
  if (words === undefined) return 0;
  const { parseRun } = await import("./lib/options/parse.ts");
  const options = await parseRun(words, config.version, {
    askPassword: Deno.stdin.isTerminal() ? askPassword : undefined,
  });
  // A flow may read variables for itself.
  if (typeof options === "string" || options.flow === undefined) giveUp("env");
  if (options === "help") {
    const { formatHelp } = await import("./lib/cli/format_help.ts");
    const { RUN_HELP } = await import("./lib/commands/run/help.ts");
    await print(formatHelp(RUN_HELP));
  } else if (options === "version") await print(`myriad ${config.version}\n`);
  else if (options === "version as JSON") await print(formatVersion());
  else if (options.dryRun) {
    const { dryRun } = await import("./lib/run/dry_run.ts");
    const { text, isGood } = await dryRun(options);
    await print(text);
    return isGood ? 0 : 1;
  } else {
    if (options.transport === "portable") giveUp("ffi");
    return await request(options);
  }
  return 0;
}

/** The versions of the program and of what it runs on, as one JSON document. */
function formatVersion(): string {
  const { deno, v8 } = Deno.version;
  const { target, standalone } = Deno.build;
  const all = { name: "myriad", version: config.version, deno, v8, target, standalone };
  return `${JSON.stringify(all, null, 2)}\n`;
}

/** The command line of a run that does what one of curl does; undefined if it was only to be shown. */
async function readCurl(argv: readonly string[]): Promise<readonly string[] | undefined> {
  const { curl } = await import("./lib/commands/curl/command.ts");
  const outcome = await curl(argv);
  for (const note of outcome.notes) await complain(note);
  if ("argv" in outcome) return outcome.argv;
  await print(outcome.text);
}

/** Asks on the terminal for the password of a user name. A signal meanwhile ends the program. */
async function askPassword(name: string): Promise<string> {
  const { promptPassword } = await import("./lib/cli/prompt_password.ts");
  const interrupted = new AbortController();
  const stopListening = onSignals((signal) => interrupted.abort(new InterruptedError(signal)));
  try {
    const question = `Password for ${escapeForTerminal(name)}: `;
    return await promptPassword(question, interrupted.signal);
  } finally {
    stopListening();
  }
}

async function work(argv: readonly string[]): Promise<number> {
  const [{ work }, { formatWait }] = await Promise.all([
    import("./lib/commands/work/command.ts"),
    import("./lib/run/grace.ts"),
  ]);
  const say = (text: string): void => printAtOnce(`${formatMessage(text)}\n`);
  let code = 0;
  const text = await work(argv, {
    version: config.version,
    say,
    onLeave: (leave) =>
      onEnd((signal) => {
        if (code !== 0) Deno.exit(EXIT_OF_SIGNAL[signal]);
        code = EXIT_OF_SIGNAL[signal];
        say(describeEnd(signal, formatWait(leave())));
      }),
  });
  await print(text);
  return code;
}

async function compareStrategies(argv: readonly string[]): Promise<number> {
  const { compare } = await import("./lib/commands/compare/command.ts");
  const interrupted = new AbortController();
  let code = 0;
  onSignals((signal) => {
    code = EXIT_OF_SIGNAL[signal];
    interrupted.abort(new Error("Interrupted"));
  });
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
  const loadTable = () => import("./lib/report/table.ts");
  const [{ Run }, { formatWait }, { Progress }, { formatSummary, toSummary }] = await Promise.all([
    import("./lib/run/run.ts"),
    import("./lib/run/grace.ts"),
    import("./lib/progress/progress.ts"),
    import("./lib/report/json.ts"),
    // A silent run prints a line of it at most.
    options.silent ? undefined : loadTable(),
  ]);
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
    durationMs: options.durationMs ?? options.stages?.lengthMs,
    // The terminal may be gone.
    write: (bytes) => writeAll(Deno.stderr, bytes).catch(() => {}),
    takeSnapshot: () => run.snapshot(),
  });

  let exitCode: number | undefined;
  const stopListening = onEnd((signal) => {
    if (exitCode !== undefined) {
      printAtOnce(progress?.abandon() ?? "");
      Deno.exit(EXIT_OF_SIGNAL[signal]);
    }
    exitCode = EXIT_OF_SIGNAL[signal];
    void run.stop().then((inFlight) => say(describeEnd(signal, formatWait(inFlight))));
  });
  // It was stopped, and a shell had the terminal.
  const onContinued = (): void => progress?.forget();
  Deno.addSignalListener("SIGCONT", onContinued);

  progress.start();
  const { snapshot, failure, madeAgain, leavesRetry } = await run.finish(config.version);
  await progress.stop(snapshot);
  stopListening();
  Deno.removeSignalListener("SIGCONT", onContinued);

  if (failure instanceof UsageError) throw failure;
  const { version } = config;
  const summary = toSummary(snapshot, { version });
  let notPrinted: unknown;
  if (!(failure instanceof ClosedPipe)) {
    try {
      if (options.json) await print(formatSummary(snapshot, { version }));
      else if (!options.silent) {
        const place = options.isStdoutTaken ? Deno.stderr : Deno.stdout;
        const color = place.isTerminal() && !Deno.noColor;
        const { tolerated, total } = snapshot;
        const { formatTable } = await loadTable();
        await print(formatTable({ summary, tolerated, total }, { color }), place);
      }
    } catch (error) {
      notPrinted = error;
      await complain(error);
    }
    const isCutShort = exitCode !== undefined || snapshot.aborted !== undefined;
    // Then it says why the exit code is 1.
    const isLeft = leavesRetry && !isCutShort && failure === undefined;
    if (madeAgain !== undefined && madeAgain.wanted > 0 && (!options.silent || isLeft)) {
      await complain((await loadTable()).formatMadeAgain(madeAgain));
    }
    if (failure !== undefined) await complain(failure);
    else if (exitCode === undefined && (options.silent || options.json)) {
      if (snapshot.failed > 0 && !options.json) {
        await complain((await loadTable()).formatFailed(snapshot));
      }
      await complainOfThresholds(snapshot);
    }
    const isFile = options.output !== undefined && options.output.path !== "-";
    const isStuck = failure instanceof NoProgressError || failure instanceof BusError;
    if ((isCutShort || isStuck || isLeft) && isFile && !options.silent) {
      const withFlag = madeAgain === undefined ? " with --resume" : "";
      const without = snapshot.aborted === undefined ? "" : ", without --abort-on-threshold";
      const line = `to continue, run the same command${withFlag}${without}`;
      await print(`myriad: ${line}\n`, Deno.stderr);
    }
  }
  if (failure !== undefined || notPrinted !== undefined) return toExitCode(failure ?? notPrinted);
  const { isPassed } = await import("./lib/report/verdict.ts");
  return exitCode ?? (isPassed(summary) && !leavesRetry ? 0 : 1);
}

/** How the progress is shown: without a terminal of its own, only a log can be. */
function chooseDisplay({ progress, output, failures }: RunOptions): ProgressOptions["mode"] {
  if (progress !== "auto" && progress !== "live") return progress;
  if (!Deno.stderr.isTerminal()) return "log";
  const isShared = [output?.path, failures].includes("-") && Deno.stdout.isTerminal();
  if (!isShared) return progress;
  return progress === "auto" ? "bar" : "log";
}

/** The terminal's size; 80 by 24 without a terminal, or if it does not know its size. */
function terminalSize(): Size {
  try {
    const { columns, rows } = Deno.consoleSize();
    if (columns > 0 && rows > 0) return { columns, rows };
  } catch {
    // There is no terminal.
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

// A bundle is the code of its workers, too.
if ("WorkerGlobalScope" in globalThis) {
  if (globalThis.name === "work") await import("./lib/cluster/work_thread.ts");
  else await import("./lib/threads/worker_main.ts");
} else if (import.meta.main) await runProgram(() => main(Deno.args));
