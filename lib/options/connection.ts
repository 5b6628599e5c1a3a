/**
 * Which engine makes the requests, and over what connections.
 *
 * @module
 */
import { resolve } from "node:path";
import type { ProxyOptions, TlsOptions } from "../engine/engine.ts";
import { ENGINE_NAMES, type EngineName, ENGINES } from "../engine/engines.ts";
import { UsageError } from "../errors.ts";
import { isGranted } from "../process/permission.ts";
import { readFile } from "./read_file.ts";
import { readSecret } from "./value_file.ts";
import type { FlagValues } from "./values.ts";

/**
 * The engine that makes the requests.
 *
 * @throws {UsageError} If it lacks a flag that is given.
 */
export function parseEngine(values: FlagValues): EngineName {
  const engine = values.oneOf("engine", ENGINE_NAMES, ENGINE_NAMES[0]);
  const isGiven = (flag: string): boolean => values.has(flag);
  const flag = ENGINES[engine].lacks.find(isGiven);
  if (flag === undefined) return engine;
  const other = ENGINE_NAMES.find((name) => !ENGINES[name].lacks.some(isGiven));
  if (ENGINES[engine].isAutomatic && other !== undefined) return other;
  throw new UsageError(
    `Cannot use '--${flag}' with '--engine ${engine}', which does not support it: ` +
      (other === undefined ? "leave one of them out" : `use '--engine ${other}'`),
  );
}

const PROXY = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(?:([^@/]*)@)?([^@/]+)\/?$/i;
const PROXY_PORTS = { http: 1080, https: 443, socks5: 1080, socks5h: 1080 };
/** Most bytes of a name or password for SOCKS5 (RFC 1929 §2). */
const MAX_BYTES = 255;

/**
 * What every connection goes through, as curl's `-x` has it.
 *
 * @throws {UsageError} If it is no proxy that there is. Nothing of it is repeated: it can hold a
 * password.
 */
export async function parseProxy(values: FlagValues): Promise<ProxyOptions | undefined> {
  const given = values.text("proxy");
  if (given === undefined) return undefined;
  if (values.has("unix-socket")) {
    throw new UsageError("'--proxy' and '--unix-socket' contradict each other: give one of them");
  }
  const fail = (why: string): never => {
    throw new UsageError(
      `Cannot use '--proxy': ${why}: give [http|https|socks5|socks5h]://[USER:PASSWORD@]HOST[:PORT]`,
    );
  };
  const match = PROXY.exec(await readSecret("proxy", given));
  if (match === null) return fail("it is no URL of a proxy");
  const [, scheme = "http", userinfo, authority] = match;
  const protocol = scheme.toLowerCase() as ProxyOptions["protocol"];
  if (!Object.hasOwn(PROXY_PORTS, protocol)) return fail("its scheme is none that there is");
  // `URL` knows no ports of socks5: as http every port is written out but 80.
  const url = URL.parse(`http://${authority}/`);
  // It takes a path behind "\\" and "?", too.
  if (url === null || url.port === "0" || /[\\?#\s]/.test(authority)) {
    return fail("its host or port is none");
  }
  const port = url.port === "" ? (/:0*80$/.test(authority) ? 80 : PROXY_PORTS[protocol]) : url.port;
  return {
    protocol,
    hostname: url.hostname.replace(/^\[|\]$/g, ""),
    port: Number(port),
    credentials: userinfo === undefined ? undefined : readCredentials(userinfo, fail),
  };
}

function readCredentials(
  userinfo: string,
  fail: (why: string) => never,
): ProxyOptions["credentials"] {
  const colon = userinfo.indexOf(":");
  const texts = colon < 0 ? [userinfo, ""] : [userinfo.slice(0, colon), userinfo.slice(colon + 1)];
  try {
    const [user, password] = texts.map(decodeURIComponent);
    const isLong = [user, password].some((text) =>
      new TextEncoder().encode(text).length > MAX_BYTES
    );
    return isLong ? fail("its user or password is longer than 255 bytes") : { user, password };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    return fail("its user or password is not percent-encoded as it should be");
  }
}

/**
 * The path of a Unix socket that every connection goes to.
 *
 * @throws {UsageError} If this process may not use it.
 */
export function parseUnixSocket(values: FlagValues): string | undefined {
  const path = values.text("unix-socket");
  if (path === undefined) return undefined;
  // Deno takes no relative path for the net.
  const socket = resolve(path);
  if (
    !isGranted({ name: "net", host: `unix:${socket}` }) ||
    !isGranted({ name: "read", path }) || !isGranted({ name: "write", path })
  ) {
    throw new UsageError(
      `Cannot use '--unix-socket ${path}': no permission: ` +
        `run with --allow-net=unix:${socket} --allow-read=${path} --allow-write=${path}`,
    );
  }
  return path;
}

/**
 * What is trusted, and shown.
 *
 * @throws {UsageError} If a file cannot be read, or holds nothing of its kind.
 */
export async function readTlsOptions(values: FlagValues): Promise<TlsOptions> {
  const [cacert, cert, key] = ["cacert", "cert", "key"].map((name) => values.text(name));
  if (key !== undefined && cert === undefined) {
    throw new UsageError("'--key' is given without '--cert': give both");
  }
  const pem = async (name: string, path: string | undefined): Promise<string | undefined> =>
    path === undefined
      ? undefined
      : new TextDecoder().decode(await readFile(path, `--${name} ${path}`));
  const options = {
    insecure: values.isOn("insecure"),
    ca: await pem("cacert", cacert),
    cert: await pem("cert", cert),
    key: await pem("key", key ?? cert),
  };
  const check = (name: string, text: string | undefined, what: RegExp): void => {
    if (text === undefined || what.test(text)) return;
    throw new UsageError(`Cannot use '--${name}': there is none in the file: give one in PEM`);
  };
  const certificate = /^-----BEGIN (TRUSTED )?CERTIFICATE-----\r?$/m;
  check("cacert", options.ca, certificate);
  check("cert", options.cert, certificate);
  check("key", options.key, /^-----BEGIN ([A-Z]+ )?PRIVATE KEY-----\r?$/m);
  return options;
}
