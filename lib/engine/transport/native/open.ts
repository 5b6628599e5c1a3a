import type { TransportSettings } from "../transport.ts";
import { type Libraries, openLibraries } from "./libraries.ts";
import { hasSystemAuthorities } from "./system_authorities.ts";
import { NativeTransports } from "./transports.ts";

/** How native transports are opened. */
export interface NativeSettings extends TransportSettings {
  /** Whether the system must have authorities for them to trust. @default {false} */
  readonly needsAuthorities?: boolean;
  /** Opens the libraries. */
  readonly open?: (() => Libraries | string) | undefined;
}

/**
 * Opens native transports, without asking for a permission.
 *
 * @returns or, in words, why they cannot be used
 */
export function openNative(
  { needsAuthorities = false, open = openLibraries, ...settings }: NativeSettings = {},
): NativeTransports | string {
  const libraries = open();
  if (typeof libraries === "string") return libraries;
  if (needsAuthorities && !hasSystemAuthorities(libraries)) {
    libraries.close();
    return "the system has no authorities";
  }
  try {
    return new NativeTransports(libraries, settings);
  } catch (error) {
    libraries.close();
    return (error as Error).message;
  }
}
