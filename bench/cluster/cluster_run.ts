import { Bus } from "../../lib/cluster/bus/bus.ts";
import type { Context } from "../bench.ts";
import type { Measured } from "../meter.ts";
import type { NatsServer } from "./nats_server.ts";
import { ALLOW_NET, myriadCommand } from "../root.ts";
import type { Summary } from "../run.ts";

/** What a submitter printed and cost. */
export interface Submitted extends Measured {
  readonly summary: Summary;
}

/** How long a run may take to be on the bus. */
const WAIT_MS = 20_000;
/** The longest that a process may take; the longest collects 100 million records. */
export const LIMIT_SECONDS = 400;

/** A run on several machines, all of which are this one. */
export class ClusterRun {
  readonly name: string;
  /** The submitter, once it has ended. */
  readonly submitted: Promise<Submitted>;
  readonly #meter: Context["meter"];
  readonly #server: NatsServer;

  /**
   * Submits a run, and waits until workers can join it.
   *
   * @param args of `myriad`
   * @throws {Error} If the submitter ends before.
   */
  static async submit(
    { meter }: Pick<Context, "meter">,
    server: NatsServer,
    args: readonly string[],
  ): Promise<ClusterRun> {
    const bus = await connect(server);
    const before = await bus.listRuns();
    const command = myriadCommand(["-s", "--json", ...args, "--cluster", server.url]);
    const submitted = meter.beside().run(command, LIMIT_SECONDS).then(toSubmitted);
    submitted.catch(() => {});
    try {
      const endMs = performance.now() + WAIT_MS;
      while (performance.now() < endMs) {
        const name = (await bus.listRuns()).find((name) => !before.includes(name));
        if (name !== undefined) return new ClusterRun(name, submitted, meter, server);
        await Promise.race([submitted, new Promise((resolve) => setTimeout(resolve, 20))]);
      }
      throw new Error("The run does not come to be on the bus");
    } finally {
      await bus.close();
    }
  }

  private constructor(
    name: string,
    submitted: Promise<Submitted>,
    meter: Context["meter"],
    server: NatsServer,
  ) {
    this.name = name;
    this.submitted = submitted;
    this.#meter = meter;
    this.#server = server;
  }

  /** Has a worker from its start to the end of the run. */
  async work(): Promise<Measured> {
    const worker = await this.#meter.beside().run(this.#command, LIMIT_SECONDS);
    if (worker.code !== 0) throw new Error(`a worker ended: ${worker.stderr.trim()}`);
    return worker;
  }

  /** Has a worker that can be killed. */
  spawnWorker(): Deno.ChildProcess {
    const [program, ...args] = this.#command;
    const silent = { stdin: "null", stdout: "null", stderr: "null" } as const;
    return new Deno.Command(program, { args, ...silent }).spawn();
  }

  get #command(): string[] {
    return myriadCommand(["work", this.#server.url, this.name], { permissions: ALLOW_NET });
  }
}

/** A connection of the bench itself. */
export function connect({ port }: Pick<NatsServer, "port">): Promise<Bus> {
  return Bus.connect({ servers: [`127.0.0.1:${port}`], login: undefined, tls: undefined });
}

function toSubmitted(run: Measured): Submitted {
  try {
    return { ...run, summary: JSON.parse(run.stdout) };
  } catch {
    throw new Error(`the submitter ended without a summary; it said '${run.stderr.trim()}'`);
  }
}
