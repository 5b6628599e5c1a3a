/**
 * How a NATS server is reached: its URL, who logs in, and which certificates count.
 *
 * @module
 */
import type { FlagValues } from "../cli/flag_values.ts";
import { UsageError } from "../errors.ts";
import { readPemFiles } from "./connection.ts";
import { type ReadFile, readFromDisk, readShortText } from "./read_file.ts";
import type { BusLogin, BusOptions } from "./run_options.ts";
import { readSecret } from "./value_file.ts";

/** The port of NATS where a URL has none. */
const PORT = 4222;
/** The maximum number of servers of one URL. */
const MAX_SERVERS = 32;
const URL_OF_SERVER = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(?:([^@/]*)@)?([^@/?#\\\s]+)\/?$/i;
const SEED = /^SU[A-Z2-7]{56}$/;
const CREDENTIALS = /BEGIN NATS USER JWT-[^]*BEGIN USER NKEY SEED-/;

/**
 * The arguments of a command that works on a bus: its URL, as it was given, and the name of a run.
 *
 * @param command in full, as `myriad work`
 * @throws {UsageError} If the URL is missing, or there are more arguments.
 */
export function parseBusArguments(
  { positionals }: Pick<FlagValues, "positionals">,
  command: string,
): { readonly url: string; readonly run: string | undefined } {
  const [url, run, extra] = positionals;
  if (url === undefined) {
    throw new UsageError(
      `No URL is given: add that of the NATS server; see '${command} --help'`,
    );
  }
  if (extra !== undefined) {
    throw new UsageError(`'${extra}' is one argument too many: leave it out`);
  }
  return { url, run };
}

/**
 * Reads the URL of a bus and the files of `BUS_FLAGS`.
 *
 * @param url `@FILE` and `@-` stand for a URL in a file or on standard input
 * @param context `flag` is what the URL was given for, without dashes; missing if it is an argument
 * @throws {UsageError} If the URL is not that of a NATS server, or a file cannot be used. Nothing of
 * the URL is repeated: it can hold a password.
 */
export async function readBusOptions(
  values: FlagValues,
  url: string,
  { flag, readFile = readFromDisk }: { readonly flag?: string; readonly readFile?: ReadFile } = {},
): Promise<BusOptions> {
  const text = await readSecret(flag, url, readFile);
  const { servers, login, isTls } = parseBusUrl(text, flag === undefined ? "URL" : `--${flag}`);
  const { ca, cert, key } = await readPemFiles(values, {
    ca: "cluster-ca",
    cert: "cluster-cert",
    key: "cluster-cert-key",
  }, readFile);
  const hasFiles = ca !== undefined || cert !== undefined;
  const [creds] = values.texts("cluster-creds");
  if (creds !== undefined && login !== undefined) {
    throw new UsageError(
      "'--cluster-creds' and a user or token in the URL contradict each other: use one of them",
    );
  }
  return {
    servers,
    login: creds === undefined ? login : await readCredentials(creds, readFile),
    tls: isTls || hasFiles ? { ca, cert, key, insecure: false } : undefined,
  };
}

/**
 * Reads `[nats|tls://][USER:PASSWORD@|TOKEN@]HOST[:PORT]`; more servers of the same cluster follow
 * behind commas. User, password and token are percent-encoded.
 *
 * @throws {UsageError} If it is not the URL of a NATS server.
 */
export function parseBusUrl(
  url: string,
  flag: string,
): Pick<BusOptions, "servers" | "login"> & { readonly isTls: boolean } {
  const fail = (why: string): never => {
    throw new UsageError(
      `Cannot use '${flag}': ${why}: use [nats|tls]://[USER:PASSWORD@]HOST[:PORT][,HOST[:PORT]…]`,
    );
  };
  const servers = new Set<string>();
  const logins = new Set<string>();
  let isTls = false;
  for (const part of url.split(",")) {
    const match = URL_OF_SERVER.exec(part.trim());
    if (match === null) return fail("not the URL of a NATS server");
    const [, scheme = "nats", userinfo, authority] = match;
    if (!["nats", "tls"].includes(scheme.toLowerCase())) return fail("unknown scheme");
    isTls ||= scheme.toLowerCase() === "tls";
    if (userinfo !== undefined) logins.add(userinfo);
    servers.add(parseServer(authority) ?? fail("invalid host or port"));
  }
  if (servers.size > MAX_SERVERS) return fail(`more than ${MAX_SERVERS} servers`);
  if (logins.size > 1) return fail("several users: one logs in to all servers of a cluster");
  const [userinfo] = logins;
  return {
    servers: [...servers],
    login: userinfo === undefined ? undefined : parseLogin(userinfo, fail),
    isTls,
  };
}

/** @returns undefined if it is not a host with a port or without one */
function parseServer(authority: string): string | undefined {
  // As http, `URL` writes out every port except 80.
  const url = URL.parse(`http://${authority}/`);
  if (url === null || url.port === "0") return undefined;
  const port = url.port !== "" ? url.port : /:0*80$/.test(authority) ? "80" : `${PORT}`;
  return `${url.hostname}:${port}`;
}

function parseLogin(userinfo: string, fail: (why: string) => never): BusLogin {
  const colon = userinfo.indexOf(":");
  const texts = colon < 0 ? [userinfo] : [userinfo.slice(0, colon), userinfo.slice(colon + 1)];
  let decoded: string[];
  try {
    decoded = texts.map(decodeURIComponent);
  } catch {
    return fail("invalid percent-encoding in the user, password or token");
  }
  const [name, password] = decoded;
  if (name === "") return fail("the user or token is empty");
  return password === undefined ? { token: name } : { user: name, password };
}

async function readCredentials(path: string, readFile: ReadFile): Promise<BusLogin> {
  const flag = `--cluster-creds ${path}`;
  const text = (await readShortText(readFile, path, flag)).trim();
  if (SEED.test(text)) return { seed: text };
  // The client takes no other end of a line, and wants one at the end.
  if (CREDENTIALS.test(text)) return { credentials: `${text.replaceAll("\r\n", "\n")}\n` };
  throw new UsageError(
    `Cannot use '${flag}': it has neither the seed of a user's nkey (SU…) nor the credentials of ` +
      "a user: use another file",
  );
}
