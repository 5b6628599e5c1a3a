/**
 * Where the metrics are to be had.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import type { FlagValues } from "./values.ts";

/** What the metrics' server listens on. */
export interface ListenAddress {
  /** A name or an address; an IPv6 address without its brackets. */
  readonly hostname: string;
  /** From 0, which picks one. */
  readonly port: number;
}

/** `HOST:PORT`, `[HOST]:PORT`, `:PORT` or `PORT`. */
const PLACE = /^(?:(?:\[([\da-fA-F:.]+)\]|([^\s:/[\]@]*)):)?(\d{1,5})$/;
/** Nobody else is to see them but by the user's word. */
const HOSTNAME = "127.0.0.1";

/**
 * Where the metrics are to be had; undefined if nobody asks for them.
 *
 * @throws {UsageError} If it is no place, or nobody would be told the port.
 */
export function parseListenAddress(values: FlagValues): ListenAddress | undefined {
  const text = values.text("metrics");
  if (text === undefined) return undefined;
  const match = PLACE.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    throw new UsageError(
      `Cannot read '--metrics ${text}': give HOST:PORT or PORT, like 127.0.0.1:9464; 0 picks a port`,
    );
  }
  if (port === 0 && values.isOn("silent")) {
    throw new UsageError(
      `'--silent' would not tell the port of '--metrics ${text}': give one, like 9464`,
    );
  }
  return { hostname: match[1] || match[2] || HOSTNAME, port };
}
