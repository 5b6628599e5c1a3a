import type { TransportName } from "../options.ts";
import { type Libraries, openLibraries } from "./native/libraries.ts";
import { hasSystemAuthorities } from "./native/system_authorities.ts";
import { NativeTransports } from "./native/transports.ts";
import { PortableTransports } from "./portable.ts";
import type { Transports, TransportSettings } from "./transport.ts";

/**
 * Opens transports, without asking for a permission. `auto` takes native ones if it can, and if the
 * system has authorities for them to trust: the portable ones bring theirs.
 *
 * @param open opens the libraries
 * @returns or, in words, why there are no native ones, if they were chosen by name
 */
export function openTransports(
  choice: TransportName,
  { open = openLibraries, ...settings }: TransportSettings & {
    readonly open?: () => Libraries | string;
  } = {},
): Transports | string {
  const openPortable = () => new PortableTransports(false, settings);
  if (choice === "portable") return openPortable();
  const libraries = open();
  if (typeof libraries === "string") return choice === "auto" ? openPortable() : libraries;
  if (choice === "auto" && !hasSystemAuthorities(libraries)) {
    libraries.close();
    return openPortable();
  }
  try {
    return new NativeTransports(libraries, settings);
  } catch (error) {
    libraries.close();
    return choice === "auto" ? openPortable() : (error as Error).message;
  }
}
