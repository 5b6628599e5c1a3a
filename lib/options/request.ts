/**
 * What each request has: its method, header fields and body.
 *
 * @module
 */
import { UsageError } from "../flags.ts";
import { basicCredentials, fieldProblem, methodProblem, normalizeMethod } from "../http.ts";
import type { RunOptions } from "../options.ts";
import type { HeaderList } from "../types.ts";
import { readFile } from "./read_file.ts";
import type { Values } from "./values.ts";

export function headersOf(values: Values, version: string, hasBody: boolean): HeaderList {
  const headers: [string, string][] = [];
  const names = new Set<string>();
  const add = (name: string, value: string, flag: string): void => {
    const problem = fieldProblem(name, value);
    if (problem !== undefined) {
      throw new UsageError(`Cannot send '${flag}': ${problem}: give 'Name: value'`);
    }
    headers.push([name, value]);
    names.add(name.toLowerCase());
  };
  for (const header of values.list("header")) {
    const colon = header.indexOf(":");
    if (colon < 0) {
      throw new UsageError(`Cannot read a '--header' without a colon: give 'Name: value'`);
    }
    const name = header.slice(0, colon);
    add(name, header.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, ""), `--header ${name}`);
  }
  const own = (flag: string, name: string, value: string | undefined): void => {
    if (value === undefined) return;
    if (names.has(name.toLowerCase())) {
      throw new UsageError(
        `'--${flag}' and '--header ${name}' contradict each other: give one of them`,
      );
    }
    add(name, value, `--${flag}`);
  };
  own("content-type", "Content-Type", values.text("content-type"));
  own("user", "Authorization", credentialsOf(values.text("user")));
  own("cookie", "Cookie", values.has("cookie") ? values.list("cookie").join("; ") : undefined);
  own("user-agent", "User-Agent", values.text("user-agent"));
  if (hasBody && !names.has("content-type")) {
    add("Content-Type", "application/x-www-form-urlencoded", "--data");
  }
  if (!names.has("user-agent")) add("User-Agent", `myriad/${version}`, "--user-agent");
  // Native fetch would ask for gzip and br by itself, and decode what nobody reads.
  if (!names.has("accept-encoding")) add("Accept-Encoding", "identity", "--header");
  return headers;
}

export function cookieJarOf(values: Values): RunOptions["cookieJar"] {
  if (!values.has("cookie-jar")) return undefined;
  return { path: values.isOn("cookie-jar") ? undefined : values.text("cookie-jar") };
}

export function credentialsOf(user: string | undefined): string | undefined {
  if (user === undefined) return undefined;
  const colon = user.indexOf(":");
  if (colon < 0) throw new UsageError("Cannot read '--user': give NAME:PASSWORD");
  return basicCredentials(user.slice(0, colon), user.slice(colon + 1));
}

export function methodOf(given: string, hasBody: boolean): string {
  const method = normalizeMethod(given);
  const problem = methodProblem(method, hasBody);
  if (problem !== undefined) {
    throw new UsageError(`Cannot send '--method ${given}': ${problem}: give another, like POST`);
  }
  return method;
}

export async function bodyOf(data: string): Promise<Uint8Array<ArrayBuffer>> {
  if (!data.startsWith("@")) return new TextEncoder().encode(data);
  if (data === "@-") return await new Response(Deno.stdin.readable).bytes();
  return await readFile(data.slice(1), `--data ${data}`);
}
