import { runCommand } from "./meter.ts";
import { freePort } from "./port.ts";
import { ServerProcess } from "./server_process.ts";

/** How an nginx is started. */
export interface NginxOptions {
  /** A directory for its files, which somebody else removes. */
  readonly directory: string;
  /** Where it writes the number of its connection for each request; by default nowhere. */
  readonly connectionLog?: string;
  /** What it answers, without quotes. @default {"Hello, World!"} */
  readonly body?: string;
  /** Where it logs in the combined format; by default nowhere. */
  readonly accessLog?: string;
  /** What it listens at. @default {"127.0.0.1"} */
  readonly address?: string;
}

/**
 * An nginx with one worker that answers 13 bytes, or what it is told, at once, on as many
 * connections as there are.
 */
export class Nginx extends ServerProcess {
  /** Undefined if it isn't installed. */
  static async start(
    { directory, connectionLog, accessLog, body = "Hello, World!", address = "127.0.0.1" }:
      NginxOptions,
  ): Promise<Nginx | undefined> {
    const port = freePort();
    const file = `${directory}/nginx_${port}.conf`;
    // Written in large blocks: a write a request would be the server's largest cost.
    const log = connectionLog === undefined
      ? accessLog === undefined
        ? "access_log off;"
        : `access_log ${accessLog} combined buffer=256k;`
      : `log_format connection $connection; access_log ${connectionLog} connection buffer=256k;`;
    await Deno.writeTextFile(
      file,
      `daemon off; worker_processes 1; pid ${directory}/nginx_${port}.pid; error_log stderr crit;
       worker_rlimit_nofile 20000;
       events { worker_connections 15000; }
       http { ${log} keepalive_requests 1000000000; keepalive_timeout 600s;
         server { listen ${address}:${port} backlog=15000;
           location / { return 200 "${body}"; } } }`,
    );
    let nginx;
    try {
      nginx = new Nginx(["nginx", "-p", directory, "-e", "stderr", "-c", file], port);
    } catch {
      return undefined;
    }
    return await nginx.listening();
  }

  /** Its version; undefined if it isn't installed. */
  static async version(): Promise<string | undefined> {
    return /nginx\/(\S+)/.exec((await runCommand(["nginx", "-v"]))?.stderr ?? "")?.[1];
  }
}
