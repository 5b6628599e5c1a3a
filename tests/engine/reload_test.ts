import { assert, assertEquals } from "@std/assert";
import type { Result } from "../../lib/result.ts";
import { SOCKET_ENGINES } from "../fixtures/engine_suite.ts";
import { isInstalled } from "../fixtures/installed.ts";
import { makeRequest } from "../fixtures/make_request.ts";
import { listens } from "../fixtures/peer_servers.ts";
import { reservePort } from "../fixtures/reserved_port.ts";
import { target } from "../fixtures/target.ts";

const CONCURRENCY = 20;
const RELOADS = 3;
/** Far more than it takes until all workers of nginx have answered. */
const MAX_REQUESTS = 50_000;
const BODY = new TextEncoder().encode("x");

/** An nginx with a master, whose responses name their worker in `Location`. */
class ReloadedNginx implements AsyncDisposable {
  readonly #directory: string;
  readonly #port: Disposable & { readonly port: number };
  readonly #process: Deno.ChildProcess;

  static async start(isHttp2: boolean): Promise<ReloadedNginx> {
    const directory = await Deno.makeTempDir({ prefix: "myriad_reload_" });
    const port = reservePort();
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
      .map((name) => `${name}_temp_path ${directory}/${name};`).join(" ");
    await Deno.writeTextFile(
      `${directory}/conf`,
      `daemon off; worker_processes 1; pid ${directory}/pid; error_log /dev/null;
       events {}
       http {
         log_format number "$request_uri"; access_log ${directory}/log number; ${temporary}
         server {
           listen 127.0.0.1:${port.port} ${isHttp2 ? "http2" : ""};
           location / { add_header Location /$pid; return 201 "y"; } } }`,
    );
    const process = new Deno.Command("nginx", {
      args: ["-p", directory, "-e", "/dev/null", "-c", `${directory}/conf`],
      // Its workers can be ended with it.
      detached: true,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const nginx = new ReloadedNginx(directory, port, process);
    if (await listens(port.port, process)) return nginx;
    await nginx[Symbol.asyncDispose]();
    throw new Error("nginx does not listen: see `nginx -t`");
  }

  constructor(
    directory: string,
    port: Disposable & { readonly port: number },
    process: Deno.ChildProcess,
  ) {
    this.#directory = directory;
    this.#port = port;
    this.#process = process;
  }

  url(number: number): string {
    return `http://127.0.0.1:${this.#port.port}/${number}`;
  }

  reload(): void {
    this.#process.kill("SIGHUP");
  }

  /** Ends it in good order. @returns how often it has answered each number */
  async stop(): Promise<Map<number, number>> {
    this.#process.kill("SIGQUIT");
    await this.#process.status;
    const counts = new Map<number, number>();
    const log = await Deno.readTextFile(`${this.#directory}/log`);
    for (const [, digits] of log.matchAll(/^\/(\d+)$/gm)) {
      counts.set(Number(digits), (counts.get(Number(digits)) ?? 0) + 1);
    }
    return counts;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      Deno.kill(-this.#process.pid, "SIGKILL");
    } catch {
      // It has ended already.
    }
    await this.#process.status;
    this.#port[Symbol.dispose]();
    await Deno.remove(this.#directory, { recursive: true });
  }
}

for (const { title, name, create } of SOCKET_ENGINES) {
  Deno.test({
    name: `${title} loses nothing while nginx is reloaded, and no POST comes twice`,
    ignore: !isInstalled("nginx", "nginx-light"),
    async fn() {
      await using nginx = await ReloadedNginx.start(name === "http2");
      const engine = create({ concurrency: CONCURRENCY, connections: 1 });
      const workers = new Set<string>();
      const results: Result[] = [];
      let next = 0;
      const work = async (): Promise<void> => {
        while (workers.size <= RELOADS && next < MAX_REQUESTS) {
          const i = next++;
          const isPost = i % 2 === 1;
          const more = isPost ? { i, method: "POST", body: BODY } : { i };
          const result = results[i] = await makeRequest(engine, target(nginx.url(i), more));
          if (result.location === null || workers.has(result.location)) continue;
          workers.add(result.location);
          if (workers.size <= RELOADS) nginx.reload();
        }
      };
      await Promise.all(Array.from({ length: CONCURRENCY }, work));
      engine.close();
      const answered = await nginx.stop();
      assertEquals(workers.size, RELOADS + 1);
      assert(next > CONCURRENCY);
      assertEquals(results.length, next);
      for (const [i, { status, error }] of results.entries()) {
        // A POST over HTTP/1.1 that meets the end of its connection must not be sent again.
        const mayFail = name === "http1" && i % 2 === 1 && error === "reset";
        if (!mayFail) assertEquals([i, status, answered.get(i)], [i, 201, 1]);
        else assert((answered.get(i) ?? 0) <= 1);
      }
    },
  });
}
