/**
 * Which engine makes the requests, and over what connections.
 *
 * @module
 */
import type { FlagValues } from "../cli/flag_values.ts";
import type { ProxyOptions, TlsOptions } from "../engine/engine.ts";
import { type Capability, ENGINE_NAMES, type EngineName, ENGINES } from "../engine/engines.ts";
import { readIpVersion } from "../http/ip_version.ts";
import { UsageError } from "../errors.ts";
import { isGranted } from "../process/permission.ts";
import { formatAllow } from "../text/format_allow.ts";
import type { ReadFile } from "./read_file.ts";
import type { RunOptions } from "./run_options.ts";
import type { RunFlag } from "./rows/flag.ts";
import type { RunRow, RunValues } from "./table.ts";
import { readSecret } from "./value_file.ts";

/**
 * Which engine makes the requests, and over whose sockets: with `auto`, one that has all flags that
 * are given.
 *
 * @throws {UsageError} If the engine lacks one of them.
 */
export function parseEngine(values: RunValues): Pick<RunOptions, "engine" | "transport"> {
  const engine = findEngine(values);
  const hasTransports = !ENGINES[engine].lacks.includes("transports");
  return { engine, transport: hasTransports ? values.get("transport") : "portable" };
}

function findEngine(values: RunValues): EngineName {
  const engine = values.get("engine");
  const flags: readonly RunFlag[] = values.flags.filter(({ name }) => values.isOn(name));
  const findNeed = ({ name, needs }: RunFlag): Capability | undefined =>
    typeof needs === "function" ? needs(`${values.get(name as RunRow["name"])}`) : needs;
  const canDo = (name: EngineName) => (flag: RunFlag): boolean => {
    const need = findNeed(flag);
    return need === undefined || !ENGINES[name].lacks.includes(need);
  };
  if (flags.every(canDo(engine))) return engine;
  const able = ENGINE_NAMES.find((name) => flags.every(canDo(name)));
  if (ENGINES[engine].isAutomatic && able !== undefined) return able;
  const { name, needs } = flags.find((flag) => !canDo(engine)(flag))!;
  const value = typeof needs === "function" ? ` ${values.get(name as RunRow["name"])}` : "";
  throw new UsageError(
    `Cannot use '--${name}${value}' with '--engine ${engine}': that engine does not have it: ` +
      (able === undefined ? "leave one of them out" : `use '--engine ${able}'`),
  );
}

/**
 * How many redirects to follow.
 *
 * @throws {UsageError} If they are to be followed, and none is allowed.
 */
export function parseRedirects(values: RunValues): number {
  const redirects = values.get("redirects");
  if (values.get("location") && redirects === 0) {
    throw new UsageError(
      "'--location' and '--redirects 0' contradict each other: use one of them",
    );
  }
  return redirects;
}

const PROXY = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(?:([^@/]*)@)?([^@/]+)\/?$/i;
const PROXY_PORTS = { http: 1080, https: 443, socks5: 1080, socks5h: 1080 };
/** The maximum number of bytes of a name or password for SOCKS5 (RFC 1929 §2). */
const MAX_BYTES = 255;

/**
 * What every connection goes through, as curl's `-x` has it.
 *
 * @throws {UsageError} If the value is not the URL of a proxy. Nothing of it is repeated: it can
 * hold a password.
 */
export async function parseProxy(
  values: RunValues,
  readFile: ReadFile,
): Promise<ProxyOptions | undefined> {
  const given = values.get("proxy");
  if (given === undefined) return undefined;
  const fail = (why: string): never => {
    throw new UsageError(
      `Cannot use '--proxy': ${why}: use [http|https|socks5|socks5h]://[USER:PASSWORD@]HOST[:PORT]`,
    );
  };
  const match = PROXY.exec(await readSecret("proxy", given, readFile));
  if (match === null) return fail("not the URL of a proxy");
  const [, scheme = "http", userinfo, authority] = match;
  const protocol = scheme.toLowerCase() as ProxyOptions["protocol"];
  if (!Object.hasOwn(PROXY_PORTS, protocol)) return fail("unknown scheme");
  // `URL` does not know the ports of socks5. As http it writes out every port except 80.
  const url = URL.parse(`http://${authority}/`);
  // `URL` also takes a path behind "\\" and "?".
  if (url === null || url.port === "0" || /[\\?#\s]/.test(authority)) {
    return fail("invalid host or port");
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
    return isLong ? fail("the user or password is longer than 255 bytes") : { user, password };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    return fail("invalid percent-encoding in the user or password");
  }
}

/**
 * The only version of IP to connect by.
 *
 * @throws {UsageError} If connections have to begin at an address of the other version.
 */
export function parseIpVersion(values: RunValues): RunOptions["ipVersion"] {
  const version = values.get("ipv4") ? 4 : values.get("ipv6") ? 6 : undefined;
  const address = values.get("interface")?.address;
  if (version === undefined || address === undefined) return version;
  if (readIpVersion(address) === version) return version;
  throw new UsageError(
    `Cannot use '--interface ${address}' with '--ipv${version}': ` +
      `it is not an IPv${version} address: leave one of them out`,
  );
}

/**
 * The path of a Unix socket that every connection goes to.
 *
 * @throws {UsageError} If this process may not use it.
 */
export function parseUnixSocket(values: RunValues): string | undefined {
  const path = values.get("unix-socket");
  if (path === undefined) return undefined;
  // The permission for the network names the socket by an absolute path.
  // To import it would start Node's part of Deno, also for `--version`.
  // deno-lint-ignore no-process-global
  const socket = process.getBuiltinModule("node:path").resolve(path);
  if (
    !isGranted({ name: "net", host: `unix:${socket}` }) ||
    !isGranted({ name: "read", path }) || !isGranted({ name: "write", path })
  ) {
    throw new UsageError(
      `Cannot use '--unix-socket ${path}': no permission: ` +
        `run with ${formatAllow("net", `unix:${socket}`)} ` +
        `${formatAllow("read", path)} ${formatAllow("write", path)}`,
    );
  }
  return path;
}

const CERTIFICATE = {
  what: "certificate",
  // One without an end goes on to the end of the text.
  form: /^-----BEGIN (?:TRUSTED )?CERTIFICATE-----\r?\n[^]*?(?:^-----END [A-Z ]+-----|(?![^]))/m,
};
const KEY = {
  what: "key",
  form: /^-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\r?\n[^]*?^-----END [A-Z ]+-----/m,
};
/** PKCS #8 says it in its first line, the older forms of OpenSSL in a field (RFC 1421 §4.6.1.1). */
const HAS_PASSPHRASE = /^-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m;

/**
 * Which authorities are trusted, and which certificate the client shows.
 *
 * @throws {UsageError} If {@linkcode readPemFiles} does.
 */
export async function readTlsOptions(
  values: RunValues,
  readFile: ReadFile,
): Promise<TlsOptions> {
  const files = await readPemFiles(
    values,
    { ca: "cacert", cert: "cert", key: "key" },
    readFile,
  );
  return { insecure: values.get("insecure"), ...files };
}

/**
 * Reads authorities, a client certificate and its key, which is in the file of the certificate where
 * it has no flag of its own.
 *
 * @param names the flags that name the files
 * @throws {UsageError} If a file cannot be read, holds nothing of its kind, or a broken certificate;
 *     or if the key has a passphrase, or is not that of the certificate.
 */
export async function readPemFiles(
  values: FlagValues,
  names: Readonly<Record<"ca" | "cert" | "key", string>>,
  readFile: ReadFile,
): Promise<Pick<TlsOptions, "ca" | "cert" | "key">> {
  const readPem = async (
    name: string,
    { what, form }: { what: string; form: RegExp },
  ): Promise<string | undefined> => {
    const [path] = values.texts(name);
    if (path === undefined) return undefined;
    const flag = `--${name} ${path}`;
    // These flags do not read standard input.
    const text = new TextDecoder().decode(await readFile(path === "-" ? "./-" : path, flag));
    if (form.test(text)) {
      const problem = what === "certificate" ? findCertificateProblem(text) : undefined;
      if (problem === undefined) return text;
      throw new UsageError(`Cannot use '${flag}': ${problem}`);
    }
    const isInCert = name === names.cert && what === "key";
    const mend = isInCert ? `add '--${names.key} FILE'` : "use another file";
    throw new UsageError(`Cannot use '${flag}': it has no ${what} in PEM: ${mend}`);
  };
  const keyFlag = values.has(names.key) ? names.key : names.cert;
  const ca = await readPem(names.ca, CERTIFICATE);
  const cert = await readPem(names.cert, CERTIFICATE);
  const key = await readPem(keyFlag, KEY);
  if (cert !== undefined && key !== undefined) {
    const problem = findKeyProblem(cert, key);
    if (problem !== undefined) {
      const [path] = values.texts(keyFlag);
      throw new UsageError(`Cannot use '--${keyFlag} ${path}': ${problem}`);
    }
  }
  return { ca, cert, key };
}

/**
 * Says why the certificates of a file cannot be used. `node:tls` of Deno 2.9 would print a line about
 * one on stderr and go on, native sockets would fail each request. Text around the certificates does
 * not count. The 144 authorities of a system take 5 ms.
 */
function findCertificateProblem(text: string): string | undefined {
  const { X509Certificate } = loadCrypto();
  for (const { 0: block, index } of text.matchAll(new RegExp(CERTIFICATE.form, "gm"))) {
    const line = (): number => text.slice(0, index).split("\n").length;
    // A form of OpenSSL's own, which also says what it is trusted for.
    if (block.startsWith("-----BEGIN TRUSTED")) {
      return `it has a TRUSTED CERTIFICATE on line ${line()}: 'openssl x509' makes a plain one of it`;
    }
    try {
      new X509Certificate(block);
    } catch {
      return `its certificate on line ${line()} is broken: use another file`;
    }
  }
  return undefined;
}

function loadCrypto(): typeof import("node:crypto") {
  // To import it would start Node's part of Deno, also for `--version`.
  // deno-lint-ignore no-process-global
  return process.getBuiltinModule("node:crypto");
}

/**
 * Says why a client cannot use this key. `node:tls` of Deno 2.9 would show no certificate, or fail
 * with words that lead astray.
 *
 * @param cert text with a certificate in PEM; `key` is one with a key
 */
function findKeyProblem(cert: string, key: string): string | undefined {
  const block = KEY.form.exec(key)![0];
  if (HAS_PASSPHRASE.test(block)) {
    return "its key has a passphrase: use a key without one; 'openssl pkey' makes it";
  }
  const { createPrivateKey, X509Certificate } = loadCrypto();
  try {
    const certificate = new X509Certificate(CERTIFICATE.form.exec(cert)![0]);
    if (certificate.checkPrivateKey(createPrivateKey(block))) return undefined;
  } catch {
    // A form that Node does not read: the connection says more.
    return undefined;
  }
  return "its key is not that of the client certificate: use another file";
}
