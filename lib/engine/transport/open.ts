import type { TransportName } from "../options.ts";
import { openLibraries } from "./native/libraries.ts";
import { NativeTransports } from "./native/transports.ts";
import { PortableTransports } from "./portable.ts";
import type { Transports } from "./transport.ts";

/**
 * Opens transports, without asking for a permission.
 *
 * @returns or, in words, why there are no native ones, if they were chosen by name
 */
export function openTransports(choice: TransportName): Transports | string {
  if (choice === "portable") return new PortableTransports();
  const libraries = openLibraries();
  if (typeof libraries !== "string") return new NativeTransports(libraries);
  return choice === "auto" ? new PortableTransports() : libraries;
}
