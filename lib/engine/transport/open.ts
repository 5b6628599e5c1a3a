import { openNativeTransports } from "./native/libraries.ts";
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
  const native = openNativeTransports();
  return typeof native === "string" && choice === "auto" ? new PortableTransports() : native;
}
