import { Nginx } from "./nginx.ts";
import { freePort, listening } from "./port.ts";
import { pathOf } from "./root.ts";

/** The servers that last as long as all benches, and a directory for what those write. */
export class Servers implements AsyncDisposable {
  readonly directory: string;
  /** One a bench, at most. */
  readonly #processes: Deno.ChildProcess[] = [];
  #nginx: Nginx | undefined;
  #fast: string | undefined;

  static async open(): Promise<Servers> {
    return new Servers(await Deno.makeTempDir({ prefix: "myriad_bench_" }));
  }

  private constructor(directory: string) {
    this.directory = directory;
  }

  /** A path for a file that is removed in the end. */
  file(name: string): string {
    return `${this.directory}/${name}`;
  }

  /** A server that answers 13 bytes at once: nginx with one worker, or else the delay server. */
  async fastServer(): Promise<string> {
    return this.#fast ??= await this.#startNginx() ?? await this.delayServer("0");
  }

  get fastServerName(): string {
    return this.#nginx === undefined
      ? "the delay server with --delay 0 (no nginx)"
      : "nginx, 13 bytes at once";
  }

  async #startNginx(): Promise<string | undefined> {
    this.#nginx = await Nginx.start({ directory: this.directory });
    return this.#nginx?.url;
  }

  delayServer(delay: string): Promise<string> {
    return this.#start("server.ts", (port) => ["--port", port, "--delay", delay]);
  }

  /** A server that takes 20 s for `/0`, and no time for the rest. */
  slowHeadServer(): Promise<string> {
    return this.#start("bench/slow_head.ts", (port) => [port]);
  }

  /** A server that stalls for 2 s of every 10. */
  stallingServer(): Promise<string> {
    return this.#start("bench/stalling.ts", (port) => [port]);
  }

  async #start(file: string, args: (port: string) => string[]): Promise<string> {
    const port = freePort();
    this.#processes.push(
      new Deno.Command(Deno.execPath(), {
        args: ["run", "--allow-net", pathOf(file), ...args(`${port}`)],
        stdout: "null",
      }).spawn(),
    );
    await listening(port);
    return `http://127.0.0.1:${port}/`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const process of this.#processes) {
      process.kill("SIGTERM");
      await process.status;
    }
    await this.#nginx?.stop();
    await Deno.remove(this.directory, { recursive: true });
  }
}
