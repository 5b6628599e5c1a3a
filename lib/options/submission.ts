/**
 * A run that is submitted to several machines: what it cannot have, what it asks for, and what of
 * its command line goes to the workers.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { IDEMPOTENT } from "../http/fields.ts";
import { INPUT_FORMATS } from "../source/formats.ts";
import { isTimed } from "../source/template_functions.ts";
import { isSecretHeader, withoutSecrets } from "../text/secrets.ts";
import { parseCluster } from "./cluster.ts";
import { type CommandFiles, CommandRecorder } from "./recorded_command.ts";
import type { ClusterOptions, RunOptions } from "./run_options.ts";
import type { RunFlag } from "./rows/flag.ts";
import { CLUSTER_SECTION, RUN_FLAGS, type RunValues } from "./table.ts";

/** Flags that cannot be had, and why. */
export const REFUSED = [
  ["save-bodies", "workers have no disk, and bodies of any length do not fit into the bus"],
  ["cookie-jar", "the workers do not share one jar, and each would send other cookies"],
  ["limit-rate", "each worker would have the limit for itself"],
  ["warm-up", "workers join at any time, and each of them would need one of its own"],
  ["interface", "it belongs to one machine, and workers elsewhere have others"],
  ["verbose", "workers send the requests, on other machines; --dry-run shows what they would send"],
  ["unix-socket", "it is a place on one machine, to which workers elsewhere cannot connect"],
] as const;

/** The flags that are not for workers: the submitter alone knows the bus and the files. */
const OF_SUBMITTER: ReadonlySet<string> = new Set(
  (RUN_FLAGS as readonly RunFlag[])
    .filter(({ section, isOfSubmitter }) => isOfSubmitter || section === CLUSTER_SECTION)
    .map(({ name }) => name),
);

/** @throws {UsageError} If a flag is given that several machines cannot have. */
function refuse(values: RunValues): void {
  for (const [name, why] of REFUSED) {
    if (!values.has(name)) continue;
    throw new UsageError(
      `Cannot use '--${name}' with '--cluster': ${why}: leave one of them out`,
    );
  }
}

/**
 * Checks a command line that another process has submitted.
 *
 * @throws {UsageError} If it has flags that no submitter sends.
 */
export function checkSubmitted(values: RunValues): void {
  refuse(values);
  if (!values.flags.some(({ name }) => OF_SUBMITTER.has(name) && values.has(name))) return;
  throw new UsageError("The command line of the run has flags that workers do not take");
}

/** The command line of a run that is being submitted. */
export class Submission {
  /** Where its files come from: what they hold is kept for the workers. */
  readonly files: CommandFiles;
  readonly #recorder: CommandRecorder;
  readonly #values: RunValues;
  readonly #cluster: Omit<ClusterOptions, "command">;

  /**
   * @param url of the bus
   * @throws {UsageError} If a flag is wrong, or one that several machines cannot have.
   */
  static async open(url: string, values: RunValues, files: CommandFiles): Promise<Submission> {
    refuse(values);
    const cluster = await parseCluster(url, values, files);
    return new Submission(values, new CommandRecorder(files), cluster);
  }

  private constructor(
    values: RunValues,
    recorder: CommandRecorder,
    cluster: Omit<ClusterOptions, "command">,
  ) {
    this.#values = values;
    this.#cluster = cluster;
    this.#recorder = this.files = recorder;
  }

  /**
   * Adds to the options of a run where it goes.
   *
   * @throws {UsageError} If its method is not idempotent, and the user has not agreed to repeats; or
   * if it holds secrets, and nothing keeps them from those who read the bus.
   */
  finish(options: RunOptions): RunOptions {
    const { key, isPlain } = this.#cluster;
    const unsafe = describeUnsafe(options.method);
    if (unsafe !== undefined && !mayRepeat(options)) {
      throw new UsageError(`Cannot use '--cluster': ${unsafe}`);
    }
    const secret = key !== undefined || isPlain
      ? undefined
      : this.#recorder.hasVariables
      ? "the values of {env:NAME}"
      : findSecret(options);
    if (secret !== undefined) {
      throw new UsageError(
        `Cannot submit ${secret} in clear: the server of the bus keeps it on its disk: ` +
          "add --cluster-key FILE to seal the run, or --cluster-plain",
      );
    }
    const command = this.#recorder.toCommand(this.#values, (name) => OF_SUBMITTER.has(name));
    return { ...options, cluster: { ...this.#cluster, command } };
  }
}

/** The field by which a server knows a request that it has had before. */
export const IDEMPOTENCY_KEY = "idempotency-key";

/**
 * Whether requests can be sent again when a worker dies, whatever their method: the user says so, or
 * each has a key by which the server knows it.
 */
export function mayRepeat({ retry, requestId, templates }: RunOptions): boolean {
  if (retry.unsafe || requestId?.toLowerCase() === IDEMPOTENCY_KEY) return true;
  // A field with the same value in each request would be no key, nor one with the time.
  return templates?.headers.entries().some(([[name], { placeholders }]) =>
    name.toLowerCase() === IDEMPOTENCY_KEY && !placeholders.some(({ name }) => isTimed(name))
  ) ?? false;
}

/** Why a method is not sent by several machines, in words; undefined if it is. */
export function describeUnsafe(method: string): string | undefined {
  if (IDEMPOTENT.has(method)) return undefined;
  return `${method} is not idempotent, and the requests of a worker that dies are sent again: ` +
    "add --retry-unsafe, or --request-id=Idempotency-Key if the server knows that field";
}

/** What of a run is, or can be, a secret, in words; undefined if nothing looks like one. */
function findSecret(options: RunOptions): string | undefined {
  const { url, headers, body, form, tls, proxy, inputs, expect } = options;
  const field = headers.find(([name]) => isSecretHeader(name));
  if (field !== undefined) return `the header field '${field[0]}'`;
  if (url !== undefined && withoutSecrets(url) !== url) return "the credentials in the URL";
  if (form !== undefined) return "the parts of '--form', which can hold a secret,";
  if (body !== undefined) return "the body of '--data', which can hold a secret,";
  if (tls?.cert !== undefined) return "the key of '--cert'";
  if (proxy?.credentials !== undefined) return "the credentials of '--proxy'";
  if (expect.headers?.some(({ name }) => isSecretHeader(name))) {
    return "the value of '--expect-header'";
  }
  // Which records have some is only known when they are read.
  const own = inputs.find(({ format }) => INPUT_FORMATS[format].hasOwnRequests);
  if (own !== undefined) {
    return `an input of ${own.format}, whose records can hold header fields and bodies,`;
  }
  return undefined;
}
