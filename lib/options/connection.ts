/**
 * Which engine makes the requests, and over what connections.
 *
 * @module
 */
import { UsageError } from "../flags.ts";
import type { RunOptions } from "../options.ts";
import type { TlsOptions } from "../types.ts";
import { readFile } from "./read_file.ts";
import type { Values } from "./values.ts";

/** What native fetch cannot do. */
const ONLY_HTTP1 = ["insecure", "connect-timeout", "idle-timeout"];

export function engineOf(values: Values): RunOptions["engine"] {
  const engine = values.oneOf("engine", ["auto", "fetch", "http1"], "auto");
  const flag = ONLY_HTTP1.find((name) => values.has(name));
  if (flag === undefined) return engine;
  if (engine === "fetch") {
    throw new UsageError(
      `Cannot use '--${flag}' with '--engine fetch': native fetch cannot do it: give '--engine http1'`,
    );
  }
  return "http1";
}

export async function tlsOf(values: Values): Promise<TlsOptions> {
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
