import { runCommand } from "../meter.ts";
import { freePort } from "../port.ts";
import { ServerProcess } from "../server_process.ts";

/** A NATS server with JetStream, and a store of its own in a directory that somebody else removes. */
export class NatsServer implements AsyncDisposable {
  readonly port: number;
  readonly #directory: string;
  #process: ServerProcess | undefined;

  /** Undefined if it isn't installed. */
  static async start(directory: string): Promise<NatsServer | undefined> {
    if (await NatsServer.version() === undefined) return undefined;
    const server = new NatsServer(directory, freePort());
    await server.restart();
    return server;
  }

  /** Its version; undefined if it isn't installed. */
  static async version(): Promise<string | undefined> {
    return /v([\d.]+)/.exec((await runCommand(["nats-server", "--version"]))?.stdout ?? "")?.[1];
  }

  private constructor(directory: string, port: number) {
    this.#directory = directory;
    this.port = port;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  /** Starts it again at the same port, with what it has stored. */
  async restart(): Promise<void> {
    const store = `${this.#directory}/nats_${this.port}`;
    const command = ["nats-server", "-a", "127.0.0.1", "-p", `${this.port}`, "-js", "-sd", store];
    // Nobody reads what it prints.
    const silent = { stdin: "null", stdout: "null", stderr: "null" } as const;
    this.#process = await new ServerProcess(command, this.port, silent).listening();
  }

  /** Ends it at once, as when its machine dies. */
  async kill(): Promise<void> {
    await this.#process?.stop("SIGKILL");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process?.stop();
  }
}
