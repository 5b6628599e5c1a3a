/**
 * Finds the C library and OpenSSL.
 *
 * @module
 */
import { LIBC, type Libc } from "./libc.ts";
import { OPENSSL, type OpenSsl } from "./openssl.ts";

/**
 * The folders of libraries, by architecture: of Debian and its descendants, and of others. The task
 * `compile` in `deno.json` names the libraries in all of them.
 */
const FOLDERS: Readonly<Record<string, readonly string[]>> = {
  x86_64: [
    "/lib/x86_64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu",
    "/lib64",
    "/usr/lib64",
    "/usr/lib",
  ],
  aarch64: [
    "/lib/aarch64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/lib64",
    "/usr/lib64",
    "/usr/lib",
  ],
};

/** The names of the libraries: of glibc, and of OpenSSL 3. */
const C_LIBRARY = "libc.so.6";
const TLS_LIBRARY = "libssl.so.3";

/** The functions of libraries that are open, and what closes the libraries. */
export interface Libraries {
  readonly libc: Libc;
  readonly openssl: OpenSsl;
  close(): void;
}

/**
 * Opens the libraries, if this system has them and the process may. Nobody is asked for permission.
 *
 * @returns or, in words, why not
 */
export function openLibraries(
  { os, arch }: { readonly os: string; readonly arch: string } = Deno.build,
): Libraries | string {
  const folders = os === "linux" ? FOLDERS[arch] : undefined;
  if (folders === undefined) return "native sockets need Linux on x86-64 or arm64";
  // Its sockets know no permissions. With `--deny-net`, the permission is granted in part.
  const { state, partial } = Deno.permissions.querySync({ name: "net" });
  if (state !== "granted") return "native sockets need '--allow-net' without a list of hosts";
  if (partial) return "native sockets need '--allow-net' without '--deny-net'";
  const libc = open(folders, C_LIBRARY, LIBC);
  const openssl = open(folders, TLS_LIBRARY, OPENSSL);
  if (typeof libc === "string" || typeof openssl === "string") {
    for (const library of [libc, openssl]) if (typeof library !== "string") library.close();
    return [libc, openssl].find((library) => typeof library === "string") as string;
  }
  return {
    libc: libc.symbols,
    openssl: openssl.symbols,
    close: () => {
      openssl.close();
      libc.close();
    },
  };
}

/** Opens the first library that can be opened; or says in words why it cannot. */
function open<T extends Deno.ForeignLibraryInterface>(
  folders: readonly string[],
  name: string,
  functions: T,
): Deno.DynamicLibrary<T> | string {
  const permitted = folders.map((folder) => `${folder}/${name}`).filter((path) =>
    Deno.permissions.querySync({ name: "ffi", path }).state === "granted"
  );
  if (permitted.length === 0) {
    const paths = [C_LIBRARY, TLS_LIBRARY].map((library) => `${folders[0]}/${library}`);
    return `native sockets need '--allow-ffi', or '--allow-ffi=${paths}' for two libraries alone`;
  }
  let why = "";
  for (const path of permitted) {
    try {
      return Deno.dlopen(path, functions);
    } catch (error) {
      // Of several, the first says most.
      why ||= (error as Error).message;
    }
  }
  return `native sockets need ${name}: ${why}`;
}
