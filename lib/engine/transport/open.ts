import type { TransportName } from "../options.ts";
import { type Libraries, openLibraries } from "./native/libraries.ts";
import { hasSystemAuthorities } from "./native/system_authorities.ts";
import { NativeTransports } from "./native/transports.ts";
import { PortableTransports } from "./portable.ts";
import type { Transports } from "./transport.ts";

/**
 * Opens transports, without asking for a permission. `auto` takes native ones if it can, and if the
 * system has authorities for them to trust: the portable ones bring theirs.
 *
 * @param open opens the libraries
 * @returns or, in words, why there are no native ones, if they were chosen by name
 */
export function openTransports(
  choice: TransportName,
  open: () => Libraries | string = openLibraries,
): Transports | string {
  if (choice === "portable") return new PortableTransports();
  const libraries = open();
  if (typeof libraries === "string") {
    return choice === "auto" ? new PortableTransports() : libraries;
  }
  if (choice === "auto" && !hasSystemAuthorities(libraries)) {
    libraries.close();
    return new PortableTransports();
  }
  try {
    return new NativeTransports(libraries);
  } catch (error) {
    libraries.close();
    return choice === "auto" ? new PortableTransports() : (error as Error).message;
  }
}
