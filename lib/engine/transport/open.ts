import type { TransportName } from "../options.ts";
import type { NativeSettings } from "./native/open.ts";
import type { Transports } from "./transport.ts";

/**
 * Opens transports, without asking for a permission, and loads the code of those alone. `auto` takes
 * native ones if it can, and if the system has authorities for them to trust: the portable ones
 * bring theirs.
 *
 * @returns or, in words, why there are no native ones, if they were chosen by name
 */
export async function openTransports(
  choice: TransportName,
  settings: Omit<NativeSettings, "needsAuthorities"> = {},
): Promise<Transports | string> {
  if (typeof Deno === "undefined") {
    if (choice === "native") return "native sockets need Deno";
  } else if (choice !== "portable") {
    const { openNative } = await import("./native/open.ts");
    const transports = openNative({ ...settings, needsAuthorities: choice === "auto" });
    if (choice === "native" || typeof transports !== "string") return transports;
  }
  const { PortableTransports } = await import("./portable.ts");
  return new PortableTransports(false, settings);
}
