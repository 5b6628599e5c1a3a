import { projectPath, V8_FLAGS } from "../../root.ts";
import type { Fault } from "../faulty_server.ts";
import { ProcessSite } from "../process_site.ts";
import { PORTS, type Site, type SiteKind, type SiteOptions } from "../site.ts";

/** A server that is at fault itself; for HTTP/2 it stands behind nginx, which passes the fault on. */
export function faulty(fault: Fault): SiteKind {
  return {
    name: fault === "silent" ? "a silent server" : `a server that sends ${fault}`,
    // nginx waits for the whole head, and answers in place of a server that sends none.
    protocols: fault === "half a head" ? ["http"] : ["http", "h2"],
    version: () => Promise.resolve(""),
    async start(options) {
      await using started = new AsyncDisposableStack();
      const site = started.use(await startServer(options, fault));
      const proxy = started.use(await startProxy(options));
      const all = started.move();
      return {
        restart: () => site.restart(),
        countRequests: () => site.countRequests(),
        forEachRequest: (visit) => site.forEachRequest(visit),
        async stop() {
          await proxy.stop();
          await site.stop();
        },
        [Symbol.asyncDispose]: () => all.disposeAsync(),
      };
    },
  };
}

async function startServer({ laboratory, folder }: SiteOptions, fault: Fault): Promise<Site> {
  const log = `${folder}/faulty.log`;
  const file = projectPath("bench/laboratory/faulty_server.ts");
  const run = [Deno.execPath(), "run", "--quiet", V8_FLAGS, "--allow-net", `--allow-write=${log}`];
  const site = new ProcessSite({
    host: laboratory.server,
    command: [...run, file, `${PORTS.http}`, fault, log],
    ports: [PORTS.http],
    log,
    readLine(line) {
      const [number, status] = line.split(" ").map(Number);
      return line === "" ? undefined : { number, status, isWhole: status === 200 };
    },
  });
  await site.start();
  return site;
}

/** Has no log: what the client was sent is what the server behind it says. */
async function startProxy({ laboratory, folder }: SiteOptions): Promise<Site> {
  const config = `${folder}/proxy.conf`;
  const { chain, key } = laboratory.certificate;
  await Deno.writeTextFile(`${folder}/server.crt`, chain);
  await Deno.writeTextFile(`${folder}/server.key`, key);
  await Deno.writeTextFile(
    config,
    `daemon off; worker_processes 1; pid ${folder}/proxy.pid; error_log stderr emerg;
     events {}
     http {
       access_log off;
       server {
         listen ${PORTS.h2} ssl http2; listen [::]:${PORTS.h2} ssl http2;
         ssl_certificate ${folder}/server.crt;
         ssl_certificate_key ${folder}/server.key;
         location / {
           proxy_pass http://127.0.0.1:${PORTS.http};
           proxy_buffering off; proxy_next_upstream off; } } }`,
  );
  const site = new ProcessSite({
    host: laboratory.server,
    command: ["nginx", "-p", folder, "-e", "stderr", "-c", config],
    ports: [PORTS.h2],
    log: `${folder}/none.log`,
    readLine: () => undefined,
  });
  await site.start();
  return site;
}
