import { FlatJson } from "../../scan/flat_json.ts";
import type { Scanner } from "../../scan/scanner.ts";
import { AlbLog } from "./alb_log.ts";
import { CaddyLog } from "./caddy_log.ts";
import { CombinedLog } from "./combined_log.ts";
import { EnvoyLog } from "./envoy_log.ts";
import { HaproxyLog } from "./haproxy_log.ts";
import { IisLog } from "./iis_log.ts";

/** A format of a server's access log. */
export interface LogFormat {
  /** What `--log-format` calls it. */
  readonly name: string;
  /** Another name of it. */
  readonly alias?: string;
  /** Whose format it is, for the help. */
  readonly of: string;
  /** The byte that its lines begin with; only lines of other formats begin with any other. */
  readonly begins?: string;
  /** Reads lines: the first field is the path, the second the status. */
  open(): Scanner;
}

/** The formats, in the order in which a line of none of those before it is tried by each. */
export const LOG_FORMATS: readonly LogFormat[] = [
  {
    name: "ndjson",
    of: "myriad serve, or any JSON with path and status",
    begins: "{",
    open: () => new FlatJson(["path", "status"]),
  },
  { name: "caddy", of: "Caddy's JSON", begins: "{", open: () => new CaddyLog() },
  { name: "iis", of: "IIS, W3C with #Fields", begins: "#", open: () => new IisLog() },
  // Envoy's lines read as combined ones whose escapes nobody made.
  { name: "envoy", of: "Envoy's default", begins: "[", open: () => new EnvoyLog() },
  // Before the others without a sign: only here a client's text, the user, stands on the left.
  {
    name: "combined",
    alias: "common",
    of: "nginx and Apache",
    open: () => new CombinedLog(),
  },
  { name: "haproxy", of: "HAProxy's option httplog", open: () => new HaproxyLog() },
  { name: "alb", of: "AWS's Application Load Balancer", open: () => new AlbLog() },
];

/** Every name that `--log-format` takes. */
export const FORMAT_NAMES: readonly string[] = LOG_FORMATS.flatMap(({ name, alias }) =>
  alias === undefined ? [name] : [name, alias]
);

/** The format of a name; undefined if there is none. */
export function detectLogFormat(name: string): LogFormat | undefined {
  return LOG_FORMATS.find((format) => format.name === name || format.alias === name);
}
