import { runCommand } from "./meter.ts";
import { freePort } from "./port.ts";
import { projectPath } from "./root.ts";
import { ServerProcess } from "./server_process.ts";

/** How an nginx is started. */
export interface NginxOptions {
  /** A directory for its files, which somebody else removes. */
  readonly directory: string;
  /** Where it logs; by default nowhere. */
  readonly accessLog?: string;
  /** What it logs of a request, with variables of nginx. @default the combined format */
  readonly accessLogFormat?: string;
  /** What it answers, without quotes and `$`. @default {"Hello, World!"} */
  readonly body?: string;
  /** What it listens at. @default {"127.0.0.1"} */
  readonly address?: string;
  /** Whether it listens at all addresses, of IPv4 and of IPv6. @default {false} */
  readonly isEverywhere?: boolean;
  /** Whether it speaks TLS, with HTTP/2 and HTTP/1.1. @default {false} */
  readonly isTls?: boolean;
  /**
   * Whether it keeps its own limits: 1,000 requests a connection, 128 streams at once. Else it ends no
   * connection by itself, and one connection can have all requests in flight. @default {false}
   */
  readonly isStock?: boolean;
}

/** For 127.0.0.1; the key is an elliptic curve's. */
const CERTIFICATE = projectPath("tests/fixtures/server.crt");
const KEY = projectPath("tests/fixtures/server.key");

/** A body of 1,024 bytes, at whose end stands `status`. */
export const LONG_BODY = `${"Hello, World! ".repeat(73).slice(0, 1_018)}status`;

/** What benches say of an nginx that isn't stock. */
export const NGINX_LIMITS =
  "nginx with one worker, 13 bytes at once, keepalive_requests 1000000000, " +
  "http2_max_concurrent_streams 1000, TLS 1.3 with a key of P-256";

/** nginx takes no word of its configuration that is longer than 4 KiB. */
const MAX_WORD_LENGTH = 4_000;

/**
 * An nginx with one worker that answers 13 bytes, or what it is told, at once, on as many
 * connections as there are.
 */
export class Nginx extends ServerProcess {
  /** Undefined if it isn't installed. */
  static async start(
    {
      directory,
      accessLog,
      accessLogFormat,
      body = "Hello, World!",
      address = "127.0.0.1",
      isEverywhere = false,
      isTls = false,
      isStock = false,
    }: NginxOptions,
  ): Promise<Nginx | undefined> {
    const port = freePort();
    const file = `${directory}/nginx_${port}.conf`;
    // Written in large blocks: a write a request would be the server's largest cost.
    const logging = accessLog === undefined
      ? "access_log off;"
      : accessLogFormat === undefined
      ? `access_log ${accessLog} combined buffer=256k;`
      : `log_format bench '${accessLogFormat}'; access_log ${accessLog} bench buffer=256k;`;
    const limits = isStock
      ? ""
      : "keepalive_requests 1000000000; keepalive_timeout 600s; http2_max_concurrent_streams 1000;";
    const tls = `ssl_certificate ${CERTIFICATE}; ssl_certificate_key ${KEY};
         ssl_protocols TLSv1.2 TLSv1.3;`;
    const addresses = isEverywhere ? ["0.0.0.0", "[::]"] : [address];
    const how = isTls ? " ssl http2" : "";
    let [variables, answer] = ["", body];
    if (body.length > MAX_WORD_LENGTH) {
      const pieces = body.match(new RegExp(`[^]{1,${MAX_WORD_LENGTH}}`, "g"))!;
      variables = pieces.map((piece, k) => `set $piece${k}_ "${piece}";`).join("\n");
      answer = pieces.map((_, k) => `$piece${k}_`).join("");
    }
    await Deno.writeTextFile(
      file,
      `daemon off; worker_processes 1; pid ${directory}/nginx_${port}.pid; error_log stderr crit;
       worker_rlimit_nofile 20000;
       events { worker_connections 15000; }
       http { ${logging} ${limits}
         server { ${addresses.map((it) => `listen ${it}:${port}${how} backlog=15000;`).join(" ")}
           ${isTls ? tls : ""}
           ${variables}
           location / { return 200 "${answer}"; } } }`,
    );
    let nginx;
    try {
      const command = ["nginx", "-p", directory, "-e", "stderr", "-c", file];
      nginx = new Nginx(command, port, { scheme: isTls ? "https" : "http" });
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
