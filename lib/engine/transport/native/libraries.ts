/**
 * Finds the C library and OpenSSL.
 *
 * @module
 */
import { LIBC, type Libc } from "./libc.ts";
import { OPENSSL, type OpenSsl } from "./openssl.ts";
import { NativeTransports } from "./transports.ts";

/** The folders of libraries, by architecture: of Debian and its descendants, and of others. */
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

/** The libraries, or in words why there are none. */
export type FoundLibraries =
  | { readonly libc: Libc; readonly openssl: OpenSsl }
  | { readonly why: string };

let found: FoundLibraries | undefined;

/** Opens the libraries, if this system has them and the process may. Nobody is asked for permission. */
export function findNativeLibraries(): FoundLibraries {
  return found ??= find(Deno.build.os, FOLDERS[Deno.build.arch] ?? []);
}

/** Transports over the libraries; or in words why there are none. */
export function openNativeTransports(): NativeTransports | string {
  const libraries = findNativeLibraries();
  if ("why" in libraries) return libraries.why;
  return new NativeTransports(libraries.libc, libraries.openssl);
}

function find(os: string, folders: readonly string[]): FoundLibraries {
  if (os !== "linux" || folders.length === 0) {
    return { why: "native sockets need Linux on x86-64 or arm64" };
  }
  // Its sockets know no permissions.
  const { state, partial } = Deno.permissions.querySync({ name: "net" });
  if (state !== "granted" || partial) {
    return { why: "native sockets need '--allow-net' without a list of hosts" };
  }
  const libc = open(folders, C_LIBRARY, LIBC);
  if (typeof libc === "string") return { why: libc };
  const openssl = open(folders, TLS_LIBRARY, OPENSSL);
  return typeof openssl === "string" ? { why: openssl } : { libc, openssl };
}

/** The functions of the first library that can be opened; or in words why none can. */
function open<T extends Deno.ForeignLibraryInterface>(
  folders: readonly string[],
  name: string,
  functions: T,
): Deno.DynamicLibrary<T>["symbols"] | string {
  const paths = folders.map((folder) => `${folder}/${name}`);
  const permitted = paths.filter((path) =>
    Deno.permissions.querySync({ name: "ffi", path }).state === "granted"
  );
  if (permitted.length === 0) return `native sockets need '--allow-ffi=${paths[0]}'`;
  let why = "";
  for (const path of permitted) {
    try {
      return Deno.dlopen(path, functions).symbols;
    } catch (error) {
      // Of several, the first says most.
      why ||= (error as Error).message;
    }
  }
  return `native sockets need ${name}: ${why}`;
}
