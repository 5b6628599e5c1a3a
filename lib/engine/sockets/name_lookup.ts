/**
 * Looks up the addresses of names. A name server that does not answer holds up only the names that it
 * was asked for.
 *
 * @module
 */
import { lookup } from "node:dns/promises";
import { findIpVersion, type IpVersion } from "../../http/ip_version.ts";

/** An address to connect to. */
export interface Address {
  /** An IP address, a name for the system to look up, or the path of a Unix socket. */
  readonly address: string;
  /** 4 or 6; 0 for a name or path. */
  readonly family: number;
}

/**
 * The maximum number of look-ups by the system at once. Each occupies a thread, and cannot be
 * cancelled. Deno 2.9 has 32 threads, and the others read and write files.
 */
const MAX_SYSTEM_LOOKUPS = 16;
/**
 * The maximum number of look-ups that ask the name server directly. Each needs two sockets, and no
 * thread.
 */
const MAX_DIRECT_LOOKUPS = 64;

/** How long the addresses of one family wait for those of the other one (RFC 8305 §3). */
const RESOLUTION_DELAY_MS = 50;

/**
 * Looks up the addresses of names, with a version of IP those of that version; rejects with the codes
 * of `node:dns`.
 */
export interface NameService {
  /** Asks the system, as every program does. */
  lookUp(hostname: string, version?: IpVersion): Promise<Address[]>;
  /** Asks the name server; an empty list if it does not know the name. */
  resolve(
    hostname: string,
    signal: AbortSignal,
    version?: IpVersion,
  ): Promise<Address[]>;
}

const SYSTEM: NameService = {
  lookUp: (hostname, family) => lookup(hostname, { all: true, family }),
  resolve,
};

/** The addresses of a name that needs no look-up; undefined if it needs one. */
export function knownAddresses(hostname: string): Address[] | undefined {
  const family = findIpVersion(hostname);
  if (family !== 0) return [{ address: hostname, family }];
  // RFC 6761 §6.3. An absolute name ends with a dot.
  if (hostname !== "localhost" && hostname !== "localhost.") return undefined;
  return [{ address: "127.0.0.1", family: 4 }, { address: "::1", family: 6 }];
}

/** Looks up names, a bounded number at once. */
export class NameLookups {
  readonly #service: NameService;
  readonly #version: IpVersion | undefined;
  readonly #onRoom: () => void;
  /** Look-ups in progress; a name is asked for once. */
  readonly #pending = new Map<string, Promise<Address[]>>();
  #system = 0;
  #direct = 0;

  /**
   * @param onRoom called when a look-up is over
   * @param version the only version of IP to ask for
   */
  constructor(onRoom: () => void, service: NameService = SYSTEM, version?: IpVersion) {
    this.#onRoom = onRoom;
    this.#service = service;
    this.#version = version;
  }

  /** Whether the look-up of a name can begin now. */
  hasRoomFor(hostname: string): boolean {
    return this.#system < MAX_SYSTEM_LOOKUPS || this.#pending.has(hostname);
  }

  /** Whether a look-up can begin by {@linkcode findDirectly}. */
  get hasDirectRoom(): boolean {
    return this.#direct < MAX_DIRECT_LOOKUPS;
  }

  /**
   * Asks the system.
   *
   * @returns addresses of both families in turn
   */
  find(hostname: string): Promise<Address[]> {
    let pending = this.#pending.get(hostname);
    if (pending === undefined) {
      pending = this.#askSystem(hostname)
        .then(interleave)
        .finally(() => this.#pending.delete(hostname));
      this.#pending.set(hostname, pending);
    }
    return pending;
  }

  /**
   * Asks the name server, for when the system is busy with names that it gets no answer for. If the
   * name server does not know the name, the system is asked after all, if it has room by then.
   *
   * @param signal cancels the look-up
   */
  async findDirectly(hostname: string, signal: AbortSignal): Promise<Address[]> {
    this.#direct++;
    try {
      const addresses = await this.#service.resolve(hostname, signal, this.#version);
      if (addresses.length > 0) return interleave(addresses);
    } finally {
      this.#direct--;
      this.#onRoom();
    }
    if (!this.hasRoomFor(hostname)) {
      throw Object.assign(new Error("the name does not resolve"), { code: "ENOTFOUND" });
    }
    return await this.find(hostname);
  }

  async #askSystem(hostname: string): Promise<Address[]> {
    this.#system++;
    try {
      return await this.#service.lookUp(hostname, this.#version);
    } finally {
      this.#system--;
      this.#onRoom();
    }
  }
}

async function resolve(
  hostname: string,
  signal: AbortSignal,
  version: IpVersion | undefined,
): Promise<Address[]> {
  const addresses: Address[] = [];
  // In Node, the system is asked for every name.
  if (typeof Deno === "undefined") return addresses;
  let isSilent = false;
  const hasSome = Promise.withResolvers<void>();
  const ask = async (type: "A" | "AAAA", family: IpVersion): Promise<void> => {
    if (version !== undefined && version !== family) return;
    try {
      const found = await Deno.resolveDns(hostname, type, { signal });
      addresses.push(...found.map((address) => ({ address, family })));
      hasSome.resolve();
    } catch (error) {
      isSilent ||= !(error instanceof Deno.errors.NotFound);
    }
  };
  let timer;
  const grace = hasSome.promise.then(() =>
    new Promise<void>((resolve) => timer = setTimeout(resolve, RESOLUTION_DELAY_MS))
  );
  await Promise.race([Promise.all([ask("AAAA", 6), ask("A", 4)]), grace]);
  clearTimeout(timer);
  if (addresses.length === 0 && isSilent) {
    throw Object.assign(new Error("the name server does not answer"), { code: "EAI_AGAIN" });
  }
  return addresses;
}

/** Addresses of both families in turn, the first as it was (RFC 8305 §4). */
function interleave(addresses: Address[]): Address[] {
  const first = addresses.filter(({ family }) => family === addresses[0].family);
  const others = addresses.filter(({ family }) => family !== addresses[0].family);
  const longer = first.length > others.length ? first : others;
  return longer.flatMap((_, i) => [...first.slice(i, i + 1), ...others.slice(i, i + 1)]);
}
