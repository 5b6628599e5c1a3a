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
  /** Its name for `--log-format`. */
  readonly name: string;
  /** Another name for `--log-format`. */
  readonly alias?: string;
  /** The servers that write it, for the help. */
  readonly servers: string;
  /** The character with which all its lines begin; undefined if they have nothing in common. */
  readonly firstCharacter?: string;
  /** Makes a scanner of lines, whose first field is the path, and whose second is the status. */
  open(): Scanner;
}

/** The formats, in the order in which they are tried for a line. */
export const LOG_FORMATS: readonly LogFormat[] = [
  {
    name: "ndjson",
    servers: "myriad serve, or any JSON with path and status",
    firstCharacter: "{",
    open: () => new FlatJson(["path", "status"]),
  },
  { name: "caddy", servers: "Caddy's JSON", firstCharacter: "{", open: () => new CaddyLog() },
  { name: "iis", servers: "IIS, W3C with #Fields", firstCharacter: "#", open: () => new IisLog() },
  // The combined format would read Envoy's lines too, and undo escapes that they do not have.
  { name: "envoy", servers: "Envoy's default", firstCharacter: "[", open: () => new EnvoyLog() },
  // Before the other formats: only here the first fields have text of a client, the user's name.
  {
    name: "combined",
    alias: "common",
    servers: "nginx and Apache",
    open: () => new CombinedLog(),
  },
  { name: "haproxy", servers: "HAProxy's option httplog", open: () => new HaproxyLog() },
  { name: "alb", servers: "AWS's Application Load Balancer", open: () => new AlbLog() },
];

/** Every name that `--log-format` takes. */
export const FORMAT_NAMES: readonly string[] = LOG_FORMATS.flatMap(({ name, alias }) =>
  alias === undefined ? [name] : [name, alias]
);

/** Finds a format by its name or alias; undefined for other names. */
export function findLogFormat(name: string): LogFormat | undefined {
  return LOG_FORMATS.find((format) => format.name === name || format.alias === name);
}
