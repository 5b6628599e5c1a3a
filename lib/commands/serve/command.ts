/**
 * `myriad serve`, also `deno run --allow-net server.ts`: runs the delay server.
 *
 * @module
 */
import { checkFlags } from "../../cli/check_flags.ts";
import type { Flag } from "../../cli/flags.ts";
import { type CommandHelp, formatHelp } from "../../cli/format_help.ts";
import { count } from "../../cli/kinds.ts";
import { parseFlags } from "../../cli/parse_flags.ts";
import { complain, print } from "../../cli/print.ts";
import { UsageError } from "../../errors.ts";
import { DelayServer } from "./delay_server.ts";
import { parseDelay, parseStatuses } from "./draw.ts";

/** The flags of `myriad serve`, as the contract has them. */
export const SERVE_FLAGS = [
  { name: "host", value: "HOST", defaultWords: "127.0.0.1", help: "address to listen on" },
  {
    name: "port",
    value: "PORT",
    kind: count({ max: 65_535 }),
    default: "8080",
    help: "port to listen on; 0 picks one and prints it",
  },
  {
    name: "delay",
    value: "D",
    default: "0-3s",
    help: "how long each response takes: 50ms: always that; 0-3s: a whole number of the unit, " +
      "drawn evenly, both ends included; 0: no delay",
  },
  {
    name: "status",
    value: "CODES",
    default: "200",
    help: "the status of responses; several by weight: 200:98,500:1,429:1",
  },
  { name: "body", value: "TEXT", defaultWords: "Hello, World!", help: "the body of responses" },
  {
    name: "access-log",
    value: "FILE",
    path: { access: "write", endings: { formats: ["ndjson", "jsonl", "json", "txt"] } },
    help: "a line of JSON for each response: n (in order of arrival), at, method, path, status, " +
      "delay_ms (drawn), ms (until the response); an old file is emptied",
  },
  {
    name: "seed",
    value: "N",
    kind: count({ max: 2 ** 32 - 1 }),
    help: "0 to 4294967295: the same delays and statuses again, in order of arrival",
  },
  { name: "help", short: "h", help: "print this help" },
] as const satisfies readonly Flag[];

/** The help of `myriad serve`. */
export const SERVE_HELP: CommandHelp = {
  about: "Answer every request after a delay, with Hello, World!",
  usage: ["myriad serve [OPTIONS]", "deno run --allow-net server.ts [OPTIONS]"],
  flags: SERVE_FLAGS,
  after: `It runs until SIGINT (Ctrl-C) or SIGTERM. Requests that it holds then get their
response within 5 s, or a 503 after that; a second signal ends them at once. The
access log is complete either way.

Exit codes: 0 a signal ended it; 2 the command line is wrong, or it cannot listen
or open the log; 3 it could not go on (disk full, too many open files), or could
not print its address.`,
};

/** How long held requests may wait for their response after the first signal. */
const GRACE_MS = 5_000;

const SIGNALS: readonly Deno.Signal[] = ["SIGINT", "SIGTERM"];

/**
 * Runs the server until SIGINT or SIGTERM. Prints where the server listens, and in one line on
 * standard error why it could not continue.
 *
 * @param argv the command line, without the command
 * @returns the exit code: 0, or 3 if the server could not continue
 * @throws {UsageError} If the command line is wrong, or the server cannot listen or open the log.
 */
export async function serve(argv: readonly string[]): Promise<number> {
  const values = parseFlags(SERVE_FLAGS, argv, "myriad serve");
  if (values.get("help")) {
    await print(formatHelp(SERVE_HELP));
    return 0;
  }
  if (values.positionals.length > 0) {
    throw new UsageError(`Cannot serve '${values.positionals[0]}': use flags only; see --help`);
  }
  checkFlags(values);
  const server = await DelayServer.start({
    hostname: values.get("host"),
    port: values.get("port"),
    delay: parseDelay(values.get("delay")),
    statuses: parseStatuses(values.get("status")),
    body: values.get("body"),
    accessLog: values.get("access-log"),
    seed: values.get("seed"),
  });

  const asked = Promise.withResolvers<undefined>();
  let signals = 0;
  const onSignal = (): void => {
    if (++signals === 1) asked.resolve(undefined);
    else void server.stop(0);
  };
  for (const name of SIGNALS) Deno.addSignalListener(name, onSignal);
  // The listeners come first: a reader of this line may send a signal at once.
  const notPrinted = print(`Listening on ${server.url}\n`).then(() => undefined, (error) => error);
  let failure: Error | undefined = await notPrinted ??
    await Promise.race([asked.promise, server.failed]);
  await server.stop(failure === undefined ? GRACE_MS : 0);
  // The log's last lines are written only now.
  failure ??= await Promise.race([server.failed, undefined]);
  for (const name of SIGNALS) Deno.removeSignalListener(name, onSignal);
  if (failure !== undefined) await complain(failure);
  return failure === undefined ? 0 : 3;
}
