/**
 * What the values of flags of `myriad run` can be, where other commands have no such flag.
 *
 * @module
 */
import { type Capture, parseCapture } from "../check/capture.ts";
import { findPatternProblem, Pattern } from "../check/pattern.ts";
import { StatusSet } from "../check/status_set.ts";
import { DURATION, type Kind, SIZE } from "../cli/kinds.ts";
import type { ConnectToRule, Endpoint, LocalEnd, ResolveRule } from "../engine/options.ts";
import { DURATION_UNITS, parseCount, parseDuration } from "../cli/units.ts";
import { UsageError } from "../errors.ts";
import { ERROR_KINDS } from "../result.ts";
import { parseThreshold, type Threshold } from "../stats/thresholds.ts";
import type { ListenAddress, Shard, ThinkOptions } from "./run_options.ts";

const RATE_FORM = /^(\d+(?:\.\d+)?)([kK]?)(?:\/(ms|s|m|h))?$/;
const MAX_RATE = 1_000_000;

/** Requests a second, more than 0: `500`, `500/s`, `30/m`. */
export const RATE: Kind<number> = {
  name: "rate",
  read(text, flag) {
    const [, number, k, unit = "s"] = RATE_FORM.exec(text) ?? [];
    const rate = Number(number) * (k ? 1_000 : 1) * 1_000 / DURATION_UNITS[unit];
    if (rate > 0 && rate <= MAX_RATE) return rate;
    throw new UsageError(
      `Cannot read '${flag} ${text}': use a number above 0, a second or with a unit of time, like 500, 500/s or 30/m`,
    );
  },
};

/** Milliseconds, from 1, or Infinity for `never`. */
export const DURATION_OR_NEVER: Kind<number> = {
  name: "duration or never",
  read(text, flag) {
    if (text === "never") return Infinity;
    try {
      return DURATION.read(text, flag);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      throw new UsageError(
        `Cannot read '${flag} ${text}': use a time of 1ms or more, like 30s or 5m, or never`,
      );
    }
  },
};

/** Two bounds of a time with the unit of the second one, or each with its own. */
const SPAN_FORM = /^(\d+(?:\.\d+)?)(ms|s|m|h)?-(\d+(?:\.\d+)?(ms|s|m|h))$/;

/** How long to wait: `500ms`, or a time between two bounds: `1-3s`, `500ms-2s`. */
export const THINK: Kind<ThinkOptions> = {
  name: "duration or two",
  read(text, flag) {
    const [, least, unit, most, shared] = SPAN_FORM.exec(text) ?? [];
    if (most === undefined) {
      const ms = DURATION.read(text, flag);
      return { minMs: ms, maxMs: ms };
    }
    const minMs = parseDuration(`${least}${unit ?? shared}`, flag);
    const maxMs = DURATION.read(most, flag);
    if (minMs <= maxMs) return { minMs, maxMs };
    throw new UsageError(`Cannot use '${flag} ${text}': begin with the shorter time, like 1-3s`);
  },
};

/** The maximum number of event loops: more than any machine of today has cores. */
const MAX_THREADS = 256;

/** How many event loops, from 1; `auto` leaves one core to the main thread. */
export const THREADS: Kind<number> = {
  name: "count or auto",
  read(text, flag) {
    if (text === "auto") {
      return Math.min(MAX_THREADS, Math.max(1, navigator.hardwareConcurrency - 1));
    }
    try {
      return parseCount(text, flag, { min: 1, max: MAX_THREADS });
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      throw new UsageError(`${error.message}, or auto`);
    }
  },
};

/** Some of the numbers: `0/4`. */
export const SHARD: Kind<Shard> = {
  name: "shard",
  read(text, flag) {
    const match = /^(\d{1,9})\/(\d{1,9})$/.exec(text);
    const index = Number(match?.[1]);
    const count = Number(match?.[2]);
    if (index < count) return { index, count };
    throw new UsageError(`Cannot read '${flag} ${text}': use I/N with I from 0 to N - 1, like 0/4`);
  },
};

/** A share of a whole: `10%`, `0.1`. */
export const SHARE: Kind<number> = {
  name: "share",
  read(text, flag) {
    const match = /^(\d{1,9}(?:\.\d{1,9})?)(%?)$/.exec(text);
    const share = Number(match?.[1]) / (match?.[2] === "%" ? 100 : 1);
    if (share > 0 && share <= 1) return share;
    throw new UsageError(
      `Cannot read '${flag} ${text}': use more than 0 and at most 100%, like 10% or 0.1`,
    );
  },
};

/** What `network` stands for in a list of causes. */
const NETWORK = ["dns", "refused", "reset", "connect", "body"];

/** Errors that may not happen again at another attempt. A URL that is wrong stays wrong. */
const RETRYABLE: readonly string[] = ERROR_KINDS.filter((kind) =>
  kind !== "url" && kind !== "cancelled"
);

/** Kinds of errors, and statuses as text: `network,timeout,429,5xx`. */
export const CAUSES: Kind<ReadonlySet<string>> = {
  name: "causes",
  read(list, flag) {
    const causes = new Set<string>();
    for (const cause of list.split(",")) {
      if (cause === "network") NETWORK.forEach((kind) => causes.add(kind));
      else if (/^[1-9]xx$/.test(cause)) {
        for (let k = 0; k < 100; k++) causes.add(String(Number(cause[0]) * 100 + k));
      } else if (/^[1-9]\d\d$/.test(cause) || RETRYABLE.includes(cause)) causes.add(cause);
      else {
        throw new UsageError(
          `Cannot read '${cause}' of '${flag} ${list}': use some of network, ${
            RETRYABLE.join(", ")
          }, or statuses like 503 or 5xx`,
        );
      }
    }
    return causes;
  },
};

/** A list of statuses, as it is written: `200,204,3xx`. */
export const STATUSES: Kind<string> = {
  name: "statuses",
  read(text, flag) {
    if (StatusSet.parse(text) !== undefined) return text;
    throw new UsageError(`Cannot read '${flag} ${text}': use a list like 200,204,3xx`);
  },
};

/** A header field's name, a colon, and the pattern for its value. */
const FIELD_FORM = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+): *(.+)$/s;

/** A field by its name in lower case, and what its value has to match. */
export const FIELD_PATTERN: Kind<{ name: string; pattern: Pattern }> = {
  name: "field pattern",
  read(text, flag) {
    const [, name, source] = FIELD_FORM.exec(text) ?? [];
    // The text can be a secret.
    if (name === undefined) {
      throw new UsageError(
        `Cannot read '${flag}': use a name and a regular expression, like 'content-type: ^text/'`,
      );
    }
    return { name: name.toLowerCase(), pattern: readPattern(source, `${flag} ${name}: …`) };
  },
};

/** A regular expression. */
export const PATTERN: Kind<Pattern> = {
  name: "pattern",
  read: (text, flag) => readPattern(text, `${flag} …`),
};

function readPattern(source: string, flag: string): Pattern {
  try {
    return new Pattern(source);
  } catch (error) {
    throw new UsageError(
      `Cannot read '${flag}': ${findPatternProblem(error)}: use a regular expression of JavaScript`,
    );
  }
}

/** The longest time that a response may take, in milliseconds, more than 0. */
export const LATENCY: Kind<number> = {
  name: "duration",
  read(text, flag) {
    const ms = parseDuration(text, flag);
    if (ms > 0) return ms;
    throw new UsageError(`Cannot use '${flag} ${text}': use more than 0`);
  },
};

/** A record field that is taken from the response: `etag=header:ETag`. */
export const CAPTURE: Kind<Capture> = {
  name: "capture",
  read(text, flag) {
    const capture = parseCapture(text);
    if (typeof capture !== "string") return capture;
    throw new UsageError(`Cannot read '${flag} ${text}': ${capture}`);
  },
};

/** A bound for a number of the summary: `p99<500ms`. */
export const THRESHOLD: Kind<Threshold> = {
  name: "threshold",
  read: (text) => parseThreshold(text),
};

/** `HOST:PORT`, `[HOST]:PORT`, `:PORT` or `PORT`. */
const ADDRESS_FORM = /^(?:(?:\[([\da-fA-F:.]+)\]|([^\s:/[\]@]*)):)?(\d{1,5})$/;
/** Other machines see the metrics only if the user says so. */
const DEFAULT_HOSTNAME = "127.0.0.1";

/** Where a server listens: `127.0.0.1:9464`, `[::1]:9464`, `9464`. */
export const LISTEN_ADDRESS: Kind<ListenAddress> = {
  name: "listen address",
  read(text, flag) {
    const match = ADDRESS_FORM.exec(text);
    const port = Number(match?.[3]);
    if (match !== null && port <= 65_535) {
      return { hostname: match[1] || match[2] || DEFAULT_HOSTNAME, port };
    }
    throw new UsageError(
      `Cannot read '${flag} ${text}': use HOST:PORT or PORT, like 127.0.0.1:9464; 0 picks a port`,
    );
  },
};

/** A host, with brackets around an IPv6 address, and a port. Either of the two may be missing. */
const ENDPOINT = "(\\[[^\\]]*\\]|[^:[\\]]*):(\\d*)";
const RESOLVE_FORM = new RegExp(`^${ENDPOINT}:(.+)$`, "s");
const CONNECT_TO_FORM = new RegExp(`^${ENDPOINT}:${ENDPOINT}$`);

/** Addresses for a host and a port, as curl has them: `example.com:443:127.0.0.1,[::1]`. */
export const RESOLVE: Kind<ResolveRule> = {
  name: "resolve rule",
  read(text, flag) {
    const fail = (why: string): never => {
      throw new UsageError(
        `Cannot read '${flag} ${text}': ${why}: use HOST:PORT:ADDRESS[,ADDRESS…], ` +
          "like example.com:443:127.0.0.1,[::1]",
      );
    };
    const [, host, digits, list] = RESOLVE_FORM.exec(text) ?? [];
    const port = readPort(digits);
    const hostname = host === "*" ? undefined : readHostname(host);
    if (!(port! > 0) || hostname === null) return fail("not a host, a port and addresses");
    const addresses = list.split(",").map((address) =>
      readAddress(address) ?? fail(`'${address}' is not an address`)
    );
    return { hostname, port: port!, addresses };
  },
};

/** Where connections go, as curl has it: `example.com:443:localhost:8443`; empty parts are any. */
export const CONNECT_TO: Kind<ConnectToRule> = {
  name: "connect-to rule",
  read(text, flag) {
    const match = CONNECT_TO_FORM.exec(text);
    const from = readEndpoint(match?.[1], match?.[2]);
    const to = readEndpoint(match?.[3], match?.[4]);
    if (match !== null && from !== null && to !== null) return { from, to };
    throw new UsageError(
      `Cannot read '${flag} ${text}': use HOST:PORT:TO:TO-PORT, like ` +
        "example.com:443:localhost:8443; each part can be empty",
    );
  },
};

/** Bytes a second, more than 0: `100k`, `10M/s`. */
export const BYTE_RATE: Kind<number> = {
  name: "bytes a second",
  read(text, flag) {
    const bytes = SIZE.read(text.replace(/\/s$/, ""), flag);
    if (bytes > 0) return bytes;
    throw new UsageError(`Cannot use '${flag} ${text}': use 1 byte a second or more`);
  },
};

/** A name of a network interface: Linux has at most 15 bytes for it. */
const DEVICE_FORM = /^[^\s/:]{1,15}$/;

/** Where connections begin: `192.0.2.1`, `::1`, `eth0`. */
export const LOCAL_END: Kind<LocalEnd> = {
  name: "address or interface",
  read(text, flag) {
    const address = readAddress(text);
    if (address !== undefined) return { address };
    if (DEVICE_FORM.test(text) && !/^[\d.]+$/.test(text)) return { device: text };
    throw new UsageError(
      `Cannot read '${flag} ${text}': use an address of this machine, or the name of one of its ` +
        "network interfaces, like 192.0.2.1 or eth0",
    );
  },
};

/** @returns null if one of them is wrong */
function readEndpoint(host = "", digits = ""): Partial<Endpoint> | null {
  const hostname = host === "" ? undefined : readHostname(host);
  const port = digits === "" ? undefined : readPort(digits);
  if (hostname === null || port === null) return null;
  return { ...hostname === undefined ? {} : { hostname }, ...port === undefined ? {} : { port } };
}

/** A port from 1; null if it is not a port. */
function readPort(digits = ""): number | null {
  const port = Number(digits);
  return digits !== "" && port >= 1 && port <= 65_535 ? port : null;
}

/** A host as URLs have it, an IPv6 address without its brackets; null if it is not a host. */
function readHostname(host = ""): string | null {
  const url = /[/?#@\\\s]/.test(host) ? null : URL.parse(`http://${host}/`);
  return url === null ? null : url.hostname.replace(/^\[|\]$/g, "");
}

/** An IP address, as it is or in brackets; undefined if it is not an address. */
function readAddress(text: string): string | undefined {
  // To import it would start Node's part of Deno, also for `--version`.
  // deno-lint-ignore no-process-global
  const net = process.getBuiltinModule("node:net");
  const address = text.replace(/^\[(.*)\]$/, "$1");
  return net.isIP(address) === 0 ? undefined : address;
}

const RUN_NAME_FORM = /^[a-z0-9]{1,32}$/;

/** The name of a run on a bus: part of the names of streams. */
export const RUN_NAME: Kind<string> = {
  name: "name",
  read(text, flag) {
    if (RUN_NAME_FORM.test(text)) return text;
    throw new UsageError(
      `Cannot use '${flag} ${text}': use 1 to 32 letters and digits: a to z, 0 to 9`,
    );
  },
};
