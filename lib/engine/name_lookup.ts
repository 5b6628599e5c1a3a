/**
 * The addresses of names, asked for such that a name server that does not answer holds up nothing
 * but the names that it was asked for.
 *
 * @module
 */
import { lookup } from "node:dns/promises";
import net from "node:net";

/** An address to connect to. */
export interface Address {
  /** An IP address, or a name that the system is to look up; or the path of a Unix socket. */
  readonly address: string;
  /** 4 or 6; 0 if it is no IP address. */
  readonly family: number;
}

/**
 * Most look-ups by the system at once. Each occupies a thread until it is over, which nothing can
 * shorten, and Deno 2.9 has 32 threads: files are read and written by the others.
 */
const MAX_SYSTEM_LOOKUPS = 16;
/** Most look-ups that ask the name server directly, which need no thread, but a socket each. */
const MAX_DIRECT_LOOKUPS = 64;

/** How a name is looked up; rejects with a code of `node:dns`. */
export type LookUp = (hostname: string) => Promise<Address[]>;

/** Addresses that are known without asking; undefined if the name has to be looked up. */
export function knownAddresses(hostname: string): Address[] | undefined {
  const family = net.isIP(hostname);
  if (family !== 0) return [{ address: hostname, family }];
  // RFC 6761 §6.3.
  if (hostname !== "localhost") return undefined;
  return [{ address: "127.0.0.1", family: 4 }, { address: "::1", family: 6 }];
}

/** Looks names up, a bounded number at once. */
export class NameLookups {
  readonly #lookUp: LookUp;
  readonly #onRoom: () => void;
  /** Those under way; the same name is asked for once. */
  readonly #pending = new Map<string, Promise<Address[]>>();
  #system = 0;
  #direct = 0;

  /**
   * @param onRoom called when a look-up is over
   * @param lookUp how the system is asked
   */
  constructor(
    onRoom: () => void,
    lookUp: LookUp = (hostname) => lookup(hostname, { all: true }),
  ) {
    this.#onRoom = onRoom;
    this.#lookUp = lookUp;
  }

  /** Whether a look-up of a name can begin now. */
  hasRoomFor(hostname: string): boolean {
    return this.#system < MAX_SYSTEM_LOOKUPS || this.#pending.has(hostname);
  }

  /** Whether a look-up can begin by {@linkcode findDirectly}. */
  get hasDirectRoom(): boolean {
    return this.#direct < MAX_DIRECT_LOOKUPS;
  }

  /**
   * Asks the system, as every program does.
   *
   * @returns at least one address, of both families in turn
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
   * Asks the name server, where the system is busy with names that it gets no answer for. What only
   * the system knows (mDNS, directories of users) it is asked for after that.
   *
   * @param signal ends it
   */
  async findDirectly(hostname: string, signal: AbortSignal): Promise<Address[]> {
    this.#direct++;
    try {
      const addresses = await resolve(hostname, signal);
      if (addresses.length > 0) return interleave(addresses);
    } finally {
      this.#direct--;
      this.#onRoom();
    }
    return await this.find(hostname);
  }

  async #askSystem(hostname: string): Promise<Address[]> {
    this.#system++;
    try {
      return await this.#lookUp(hostname);
    } finally {
      this.#system--;
      this.#onRoom();
    }
  }
}

/** @returns none where the name server knows none */
async function resolve(hostname: string, signal: AbortSignal): Promise<Address[]> {
  const ask = async (type: "A" | "AAAA", family: number): Promise<Address[]> =>
    (await Deno.resolveDns(hostname, type, { signal })).map((address) => ({ address, family }));
  const answers = await Promise.allSettled([ask("AAAA", 6), ask("A", 4)]);
  const addresses = answers.flatMap((answer) => answer.status === "fulfilled" ? answer.value : []);
  const silence = answers.find((answer) =>
    answer.status === "rejected" && !(answer.reason instanceof Deno.errors.NotFound)
  );
  if (addresses.length === 0 && silence !== undefined) {
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
