import { findIpVersion, type IpVersion } from "../../http/ip_version.ts";
import type { ProxyOptions } from "../engine.ts";
import type { Endpoint } from "../options.ts";
import {
  type Address,
  type Found,
  knownAddresses,
  type NameLookups,
} from "../names/name_lookup.ts";
import type { Detours } from "./detours.ts";
import type { Addresses } from "./dial.ts";
import type { ConnectError } from "./link.ts";
import type { Origin } from "./router.ts";

/** What tells where connections lead to. */
export interface AddressOptions {
  /**
   * Whether to connect by name and not by address. A permission for a name does not include its
   * addresses; by name, Deno looks them up for each connection.
   */
  readonly byName: boolean;
  /** The proxy that every connection goes through; undefined without one. */
  readonly proxy: ProxyOptions | undefined;
  /** The path of the Unix socket that every connection goes to; undefined without one. */
  readonly unixSocket: string | undefined;
  /** What gives addresses in place of look-ups; undefined if nothing does. */
  readonly detours?: Detours | undefined;
  /** The only version of IP to connect by. @default both */
  readonly ipVersion?: IpVersion | undefined;
}

/** How the addresses of one origin are found. */
export interface FindOptions {
  /** Whether to ask the name server itself, if names have to be looked up. */
  readonly isDirect: boolean;
  /** Cancels the look-up, if that is possible. */
  readonly signal: AbortSignal;
}

/** Addresses, and how long they hold. */
export interface FoundAddresses extends Addresses {
  /** Until when connections may be begun to them, as a time of `performance.now()`. */
  readonly untilMs: number;
}

/** Finds the addresses that the connections to an origin lead to. */
export class AddressFinder {
  readonly #options: AddressOptions;
  readonly #lookUps: NameLookups;

  constructor(options: AddressOptions, lookUps: NameLookups) {
    this.#options = options;
    this.#lookUps = lookUps;
  }

  /** The names that have to be looked up for an origin at present. */
  listUnknown(origin: Origin): string[] {
    return this.#listNames(origin).filter((hostname) => !this.#lookUps.knows(hostname));
  }

  /** No address of an origin could be connected to. */
  doubt(origin: Origin): void {
    for (const hostname of this.#listNames(origin)) this.#lookUps.doubt(hostname);
  }

  /** The names that an origin is found by. */
  #listNames(origin: Origin): string[] {
    const { byName, proxy, unixSocket, detours } = this.#options;
    const target = origin.detour ?? origin;
    const endpoints: Endpoint[] = unixSocket !== undefined || byName ? [] : [proxy ?? target];
    // With this protocol, the client looks up the name.
    if (proxy?.protocol === "socks5") endpoints.push(target);
    return endpoints.filter((it) => detours?.findAddresses(it) === undefined)
      .map(({ hostname }) => hostname)
      .filter((hostname) => knownAddresses(hostname) === undefined);
  }

  /** @throws {ConnectError} If no address is found. */
  async find(origin: Origin, options: FindOptions): Promise<FoundAddresses> {
    const { byName, proxy, unixSocket } = this.#options;
    const target = origin.detour ?? origin;
    let isOfProxy = proxy !== undefined;
    try {
      const first = unixSocket !== undefined
        ? hold([{ address: unixSocket, family: 0 }])
        : await this.#findOne(proxy ?? target, byName, options);
      isOfProxy = false;
      const second = proxy?.protocol === "socks5"
        ? await this.#findOne(target, false, options)
        : hold([{ address: target.hostname, family: 0 }]);
      return {
        addresses: first.addresses,
        targets: second.addresses,
        untilMs: Math.min(first.untilMs, second.untilMs),
      };
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const isTls = false;
      const failure = { code, message, isOfProxy, isTls, refusal: undefined, wasReached: false };
      throw failure satisfies ConnectError;
    }
  }

  async #findOne(endpoint: Endpoint, byName: boolean, options: FindOptions): Promise<Found> {
    const { detours, ipVersion } = this.#options;
    const { hostname } = endpoint;
    const given = detours?.findAddresses(endpoint) ??
      (byName
        ? [{ address: hostname, family: findIpVersion(hostname) || (ipVersion ?? 0) }]
        : knownAddresses(hostname));
    const { addresses, untilMs } = given === undefined
      ? await this.#lookUp(hostname, options)
      : hold(given);
    if (ipVersion === undefined) return { addresses, untilMs };
    const usable = addresses.filter(({ family }) => family === ipVersion);
    if (usable.length > 0) return { addresses: usable, untilMs };
    throw Object.assign(new Error("no address of the version"), { code: "ENODATA" });
  }

  #lookUp(hostname: string, { isDirect, signal }: FindOptions): Promise<Found> {
    return isDirect ? this.#lookUps.findDirectly(hostname, signal) : this.#lookUps.find(hostname);
  }
}

/** What needs no look-up holds for ever. */
function hold(addresses: Address[]): Found {
  return { addresses, untilMs: Infinity };
}
