/**
 * The processes of a bench: servers that last as long as it, and clients, one at a time.
 *
 * @module
 */

/** What a client says of its run; the names are those of `myriad --json`. */
export interface Sample {
  requests: number;
  seconds: number;
  rate: number;
  cpu_seconds: number;
  peak_rss_kb: number;
  latency_ms?: { mean: number };
}

const path = (file: string): string => new URL(`../${file}`, import.meta.url).pathname;

/** Starts clients and servers, and ends them again. */
export class Clients implements AsyncDisposable {
  readonly #directory: string;
  readonly #servers: Deno.ChildProcess[] = [];
  #fast: string | undefined;
  #nginx = false;

  static async start(): Promise<Clients> {
    return new Clients(await Deno.makeTempDir({ prefix: "myriad_bench_" }));
  }

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** A path for a file that is removed in the end. */
  file(name: string): string {
    return `${this.#directory}/${name}`;
  }

  myriad(args: string[]): Promise<Sample> {
    return this.#client("main.ts", ["-s", "--json", ...args]);
  }

  bareFetch(url: string, requests: number, concurrency: number): Promise<Sample> {
    return this.#client("bench/bare_fetch.ts", [url, `${requests}`, `${concurrency}`]);
  }

  async #client(file: string, args: string[]): Promise<Sample> {
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-net", "--allow-read", "--allow-write", path(file), ...args],
      stderr: "inherit",
    }).output();
    return JSON.parse(new TextDecoder().decode(stdout));
  }

  /** A server that answers 13 bytes at once: nginx with one worker, or else the delay server. */
  async fastServer(): Promise<string> {
    return this.#fast ??= await this.#startNginx() ?? await this.delayServer("0");
  }

  get fastServerName(): string {
    return this.#nginx ? "nginx, 13 bytes at once" : "the delay server with --delay 0 (no nginx)";
  }

  async #startNginx(): Promise<string | undefined> {
    const port = freePort();
    await Deno.writeTextFile(
      this.file("nginx.conf"),
      `daemon off; worker_processes 1; pid ${this.file("nginx.pid")}; error_log stderr crit;
       worker_rlimit_nofile 20000;
       events { worker_connections 15000; }
       http { access_log off; keepalive_requests 1000000000; keepalive_timeout 600s;
         server { listen 127.0.0.1:${port} backlog=15000;
           location / { return 200 "Hello, World!"; } } }`,
    );
    let child;
    try {
      child = new Deno.Command("nginx", {
        args: ["-p", this.#directory, "-e", "stderr", "-c", this.file("nginx.conf")],
      }).spawn();
    } catch {
      return undefined;
    }
    this.#servers.push(child);
    this.#nginx = true;
    await listening(port);
    return `http://127.0.0.1:${port}/`;
  }

  async delayServer(delay: string): Promise<string> {
    const port = freePort();
    await this.#startServer("server.ts", ["--port", `${port}`, "--delay", delay], port);
    return `http://127.0.0.1:${port}/`;
  }

  /** A server that takes 20 s for `/0`, and no time for the rest. */
  async slowHeadServer(): Promise<string> {
    const port = freePort();
    await this.#startServer("bench/slow_head.ts", [`${port}`], port);
    return `http://127.0.0.1:${port}/`;
  }

  async #startServer(file: string, args: string[], port: number): Promise<void> {
    this.#servers.push(
      new Deno.Command(Deno.execPath(), {
        args: ["run", "--allow-net", path(file), ...args],
        stdout: "null",
      }).spawn(),
    );
    await listening(port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) {
      server.kill("SIGTERM");
      await server.status;
    }
    await Deno.remove(this.#directory, { recursive: true });
  }
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function listening(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  throw new Error(`Nothing listens on port ${port}`);
}
