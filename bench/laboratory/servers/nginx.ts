import { runCommand } from "../../meter.ts";
import { projectPath } from "../../root.ts";
import { ProcessSite } from "../process_site.ts";
import { BODY, PORTS, type SiteKind } from "../site.ts";
import { Nginx } from "../../nginx.ts";

/** nginx with its default settings: 1,000 requests a connection, 128 streams, 75 s idle. */
export const nginx: SiteKind = {
  name: "nginx",
  protocols: ["http", "https", "h2"],
  version: () => Nginx.version(),
  async start({ laboratory, folder }) {
    const log = `${folder}/access.log`;
    const config = `${folder}/nginx.conf`;
    await Deno.writeTextFile(
      config,
      `daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log stderr crit;
       events {}
       http {
         log_format laboratory '$uri $status $request_completion';
         access_log ${log} laboratory;
         server {
           listen 80; listen [::]:80;
           listen 443 ssl http2; listen [::]:443 ssl http2;
           ssl_certificate ${projectPath("tests/fixtures/server.crt")};
           ssl_certificate_key ${projectPath("tests/fixtures/server.key")};
           location / { return 200 "${BODY}"; } } }`,
    );
    const site = new ProcessSite({
      host: laboratory.server,
      command: ["nginx", "-p", folder, "-e", "stderr", "-c", config],
      ports: [PORTS.http, PORTS.h2],
      log,
      readLine(line) {
        const match = /^\/(\d+) (\d+) (OK)?/.exec(line);
        if (match === null) return undefined;
        const [, number, status, completion] = match;
        return { number: Number(number), status: Number(status), isWhole: completion === "OK" };
      },
      reload: async () => {
        const pid = (await Deno.readTextFile(`${folder}/nginx.pid`)).trim();
        await runCommand(["kill", "-HUP", pid]);
      },
    });
    await site.start();
    return site;
  },
};
