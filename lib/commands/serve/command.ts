/**
 * `myriad serve`: the delay server by itself, also `deno run --allow-net server.ts`.
 *
 * @module
 */
import { checkEnding } from "../../cli/file_endings.ts";
import { type Flag, formatFlags, parseFlags } from "../../cli/flags.ts";
import { complain, print } from "../../cli/print.ts";
import { parseCount } from "../../cli/units.ts";
import { UsageError } from "../../errors.ts";
import { DelayServer } from "./delay_server.ts";
import { parseDelay, parseStatuses } from "./draw.ts";

/** The flags of `myriad serve`, as the contract has them. */
export const SERVE_FLAGS: readonly Flag[] = [
  { name: "host", value: "HOST", help: "address to listen on (default 127.0.0.1)" },
  { name: "port", value: "PORT", help: "default 8080; 0 picks one and prints it" },
  {
    name: "delay",
    value: "D",
    help:
      "0-3s: a whole number of the unit, drawn evenly, both ends\nin it (the default); 50ms: always that; 0: none",
  },
  { name: "status", value: "CODES", help: "200 (the default), or by weight: 200:98,500:1,429:1" },
  { name: "body", value: "TEXT", help: "default Hello, World!" },
  {
    name: "access-log",
    value: "FILE",
    help:
      "a line of JSON for each answer: n (in order of arrival),\nat, method, path, status, delay_ms (drawn), ms (until\nanswered); an old file is emptied",
  },
  {
    name: "seed",
    value: "N",
    help: "0 to 4294967295: the same delays and statuses again, in\norder of arrival",
  },
  { name: "help", short: "h", help: "print this help" },
].map((flag) => ({ ...flag, section: "Options" }));

const HELP = `Answer every request after a while, with Hello, World!

Usage: myriad serve [OPTIONS]
       deno run --allow-net server.ts [OPTIONS]
${formatFlags(SERVE_FLAGS)}
It runs until SIGINT (Ctrl-C) or SIGTERM: what it holds then has 5 s to be answered, and is answered
by a 503 after that, or at once on a second signal. The access log is complete either way.

Exit codes: 0 it was asked to end by a signal; 2 the command line is wrong, or it cannot listen or
open the log; 3 it could not go on (disk full, too many open files), or could not print where it
listens.
`;

/** How long what is held has after the first signal. */
const GRACE_MS = 5_000;

const SIGNALS: readonly Deno.Signal[] = ["SIGINT", "SIGTERM"];

/**
 * Runs the server until SIGINT or SIGTERM. It prints where it listens, and in one line on standard
 * error why it could not go on.
 *
 * @param argv the command line, without the command
 * @returns the exit code: 0, or 3 if it could not go on
 * @throws {UsageError} If the command line is wrong, it cannot listen, or not open the log.
 */
export async function serve(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseFlags(SERVE_FLAGS, argv, "myriad serve");
  const text = (name: string): string | undefined => values[name] as string | undefined;
  if (values.help) {
    await print(HELP);
    return 0;
  }
  if (positionals.length > 0) {
    throw new UsageError(`Cannot serve '${positionals[0]}': give flags only; see --help`);
  }
  const seed = text("seed");
  const accessLog = text("access-log");
  if (accessLog !== undefined) {
    checkEnding(accessLog, "--access-log", { formats: ["ndjson", "jsonl", "json"] });
  }
  const server = await DelayServer.start({
    hostname: text("host"),
    port: parseCount(text("port") ?? "8080", "--port", { max: 65_535 }),
    delay: parseDelay(text("delay") ?? "0-3s"),
    statuses: parseStatuses(text("status") ?? "200"),
    body: text("body"),
    accessLog,
    seed: seed === undefined ? undefined : parseCount(seed, "--seed", { max: 2 ** 32 - 1 }),
  });

  const asked = Promise.withResolvers<undefined>();
  let signals = 0;
  const onSignal = (): void => {
    if (++signals === 1) asked.resolve(undefined);
    else void server.stop(0);
  };
  for (const name of SIGNALS) Deno.addSignalListener(name, onSignal);
  // Whoever reads this may send a signal at once.
  const notPrinted = print(`Listening on ${server.url}\n`).then(() => undefined, (error) => error);
  const failure: Error | undefined = await notPrinted ??
    await Promise.race([asked.promise, server.broken]);
  await server.stop(failure === undefined ? GRACE_MS : 0);
  for (const name of SIGNALS) Deno.removeSignalListener(name, onSignal);
  if (failure !== undefined) await complain(failure);
  return failure === undefined ? 0 : 3;
}
