import { Nginx } from "./nginx.ts";
import { freePort } from "./port.ts";
import { projectPath } from "./root.ts";
import { ServerProcess } from "./server_process.ts";
import type { Stall } from "./stalling_server.ts";

/** The servers that last as long as all benches, and a directory for what those write. */
export class Servers implements AsyncDisposable {
  readonly directory: string;
  /** At most three a bench. */
  readonly #started = new AsyncDisposableStack();
  #nginx: Nginx | undefined;
  #fast: string | undefined;

  static async open(): Promise<Servers> {
    return new Servers(await Deno.makeTempDir({ prefix: "myriad_bench_" }));
  }

  private constructor(directory: string) {
    this.directory = directory;
    this.#started.defer(() => Deno.remove(directory, { recursive: true }));
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
    this.#nginx = this.#started.use(await Nginx.start({ directory: this.directory }));
    return this.#nginx?.url;
  }

  delayServer(delay: string): Promise<string> {
    return this.#start("server.ts", (port) => ["--port", port, "--delay", delay]);
  }

  stallingServer(stall: Stall): Promise<string> {
    return this.#start("bench/stalling_server.ts", (port) => [stall, port]);
  }

  async #start(file: string, args: (port: string) => string[]): Promise<string> {
    const port = freePort();
    const command = [Deno.execPath(), "run", "--allow-net", projectPath(file), ...args(`${port}`)];
    const server = this.#started.use(new ServerProcess(command, port, { stdout: "null" }));
    return (await server.listening()).url;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#started.disposeAsync();
  }
}
