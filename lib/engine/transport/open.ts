import { openLibraries } from "./native/libraries.ts";
import { NativeTransports } from "./native/transports.ts";
import { PortableTransports } from "./portable.ts";
import type { Transports } from "./transport.ts";

/** Which transports to use: `auto` takes the native ones if it can. */
export type TransportChoice = "auto" | "portable" | "native";

/**
 * Opens transports, without asking for a permission.
 *
 * @returns or, in words, why there are no native ones, if they were chosen by name
 */
export function openTransports(choice: TransportChoice): Transports | string {
  if (choice === "portable") return new PortableTransports();
  const libraries = openLibraries();
  if (typeof libraries !== "string") return new NativeTransports(libraries);
  return choice === "auto" ? new PortableTransports() : libraries;
}
