/**
 * Looks up the addresses of names. A name server that does not answer holds up only the names that it
 * was asked for.
 *
 * The addresses are those of the system, with all that it looks at. How long they hold, only the name
 * server knows: it is asked beside the system, and its word counts if it knows the same addresses.
 *
 * @module
 */
import { lookup } from "node:dns/promises";
import { findIpVersion, type IpVersion, readIpVersion } from "../../http/ip_version.ts";
import { lacksDescriptors } from "../../process/descriptors.ts";
import { NameCache } from "./name_cache.ts";
import type { NameServer } from "./name_server.ts";

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
 * How many more there may be for names that the name server does not know: nothing shows that the
 * system gets no answer for these, and the other look-ups would leave them no room.
 */
const MAX_FURTHER_LOOKUPS = 8;
/**
 * The maximum number of look-ups that ask the name server directly. Each needs two sockets, and no
 * thread before the system is asked after all.
 */
const MAX_DIRECT_LOOKUPS = 64;

/** How long the addresses of one family wait for those of the other one (RFC 8305 §3). */
const RESOLUTION_DELAY_MS = 50;

/**
 * How long the outcome of a look-up holds, if nobody knows better, and at least; also that a name does
 * not resolve.
 */
const SHORT_LIFE_MS = 1_000;
/** The longest that addresses hold, whatever the name server says. */
const MAX_LIFE_MS = 3_600_000;
/**
 * A run that has looked up more names asks how long each of them holds. Before that, only for a name
 * that is looked up again: a run to a few hosts hardly ever needs to know.
 */
const MAX_FEW_NAMES = 100;
/** The beginning of what is remembered of a name that does not resolve; its code follows. */
const FAILED = "!";
/** Codes that say something of the name. Others may say that this machine has run out of something. */
const OF_THE_NAME = ["ENOTFOUND", "ENODATA", "EAI_AGAIN", "ESERVFAIL"];
/** The code of a look-up that failed while this machine lacked descriptors. */
const SHORT = "EMFILE";

/** What a look-up has found. */
export interface Found {
  /** Addresses of both families in turn; the list belongs to the caller. */
  readonly addresses: Address[];
  /** Until when connections may be begun to them, as a time of `performance.now()`. */
  readonly untilMs: number;
}

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
  /**
   * Asks the name server how long these addresses of a name hold, in seconds; undefined if it does not
   * say, or knows other ones. @default nobody knows
   */
  askTtl?(hostname: string, addresses: readonly Address[]): Promise<number | undefined>;
  /** Ends what it has open. */
  close?(): void;
}

/** The name service of this machine. */
class SystemService implements NameService {
  #server: Promise<NameServer | undefined> | undefined;
  #isClosed = false;

  lookUp(hostname: string, family?: IpVersion): Promise<Address[]> {
    return lookup(hostname, { all: true, family });
  }

  resolve(hostname: string, signal: AbortSignal, version?: IpVersion): Promise<Address[]> {
    return resolve(hostname, signal, version);
  }

  async askTtl(hostname: string, addresses: readonly Address[]): Promise<number | undefined> {
    this.#server ??= import("./name_server.ts").then(({ NameServer }) => NameServer.open());
    const server = await this.#server;
    if (server === undefined || this.#isClosed) return undefined;
    const versions = [...new Set(addresses.map(({ family }) => family as IpVersion))];
    const answers = await Promise.all(versions.map((version) => server.ask(hostname, version)));
    const known = new Set(addresses.map(({ address }) => address));
    let ttlSeconds = Infinity;
    for (const answer of answers) {
      if (answer === undefined || !answer.addresses.every((it) => known.has(it))) return undefined;
      ttlSeconds = Math.min(ttlSeconds, answer.ttlSeconds);
    }
    return ttlSeconds;
  }

  close(): void {
    this.#isClosed = true;
    this.#server?.then((server) => server?.close(), () => {});
  }
}

/** The addresses of a name that needs no look-up; undefined if it needs one. */
export function knownAddresses(hostname: string): Address[] | undefined {
  const family = findIpVersion(hostname);
  if (family !== 0) return [{ address: hostname, family }];
  // RFC 6761 §6.3. An absolute name ends with a dot.
  if (hostname !== "localhost" && hostname !== "localhost.") return undefined;
  return [{ address: "127.0.0.1", family: 4 }, { address: "::1", family: 6 }];
}

/** Options for {@linkcode NameLookups}. */
export interface NameLookupsOptions {
  /** Called when a look-up is over. */
  readonly onRoom: () => void;
  /** @default that of this machine */
  readonly service?: NameService | undefined;
  /** The only version of IP to ask for. @default both */
  readonly version?: IpVersion | undefined;
  /**
   * Whether connections have lacked descriptors just now. A look-up also looks for itself when it fails.
   *
   * @default never
   */
  readonly isShort?: (() => boolean) | undefined;
  /** A clock in milliseconds. @default `performance.now()` */
  readonly now?: (() => number) | undefined;
}

/** Looks up names, a bounded number at once, and remembers them as long as they hold. */
export class NameLookups {
  readonly #service: NameService;
  readonly #version: IpVersion | undefined;
  readonly #onRoom: () => void;
  /** Whether this machine lacks descriptors: the system then says that there is no such name. */
  readonly #isShort: () => boolean;
  readonly #now: () => number;
  readonly #cache = new NameCache();
  /** Look-ups by the system in progress; a name is asked for once. */
  readonly #pending = new Map<string, Promise<string>>();
  /** How many they are: at most {@linkcode MAX_SYSTEM_LOOKUPS} and {@linkcode MAX_FURTHER_LOOKUPS}. */
  #system = 0;
  /** Direct look-ups, until they have asked the system if need be. */
  #direct = 0;
  /** What continues direct look-ups that wait to ask the system, the first that came first. */
  readonly #waiting = new Set<() => void>();
  #lookedUp = 0;
  /**
   * Names whose TTL is being asked for, and since when. A doubt takes the name out, whose answer then
   * counts no more. As many as the service lets wait.
   */
  readonly #ttlsAsked = new Map<string, number>();

  constructor({ onRoom, service, version, isShort, now }: NameLookupsOptions) {
    this.#onRoom = onRoom;
    this.#isShort = () => isShort?.() === true || lacksDescriptors();
    this.#service = service ?? new SystemService();
    this.#version = version;
    this.#now = now ?? (() => performance.now());
  }

  /** Whether a name needs no look-up at present. */
  knows(hostname: string): boolean {
    return this.#cache.knows(hostname, this.#now());
  }

  /** Whether the look-up of a name can begin now. */
  hasRoomFor(hostname: string): boolean {
    return this.#system < MAX_SYSTEM_LOOKUPS || this.#pending.has(hostname);
  }

  /** Whether a look-up can begin by {@linkcode findDirectly}. */
  get hasDirectRoom(): boolean {
    return this.#direct < MAX_DIRECT_LOOKUPS;
  }

  /** What is known of a name, or else of the system. */
  async find(hostname: string): Promise<Found> {
    const known = this.#cache.get(hostname, this.#now());
    if (known !== undefined) return toFound(known.text, known.untilMs);
    let pending = this.#pending.get(hostname);
    if (pending === undefined) {
      pending = this.#askSystem(hostname).finally(() => this.#pending.delete(hostname));
      this.#pending.set(hostname, pending);
    }
    const text = await pending;
    return toFound(text, this.#now() + SHORT_LIFE_MS);
  }

  /**
   * Asks the name server, for when the system is busy with names that it gets no answer for. If the
   * name server does not know the name, the system is asked after all, as soon as it has room.
   *
   * @param signal cancels the look-up
   */
  async findDirectly(hostname: string, signal: AbortSignal): Promise<Found> {
    this.#direct++;
    try {
      const addresses = await this.#service.resolve(hostname, signal, this.#version);
      if (addresses.length > 0) {
        return toFound(this.#remember(hostname, addresses), this.#now() + SHORT_LIFE_MS);
      }
      const max = MAX_SYSTEM_LOOKUPS + MAX_FURTHER_LOOKUPS;
      while (this.#system >= max && !this.#pending.has(hostname)) await this.#waitForEnd(signal);
      return await this.find(hostname);
    } catch (error) {
      throw this.#isShort() ? toError(SHORT) : error;
    } finally {
      this.#direct--;
      // It may have been told to go on, and needs no room any more.
      this.#tellNext();
      this.#onRoom();
    }
  }

  /** Lets the one go on that has waited longest to ask the system, which looks for room again. */
  #tellNext(): void {
    const [goOn] = this.#waiting;
    if (goOn === undefined) return;
    this.#waiting.delete(goOn);
    goOn();
  }

  /** Waits until a look-up by the system is over; the first that waits is the first to go on. */
  async #waitForEnd(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { promise, resolve } = Promise.withResolvers<void>();
    const goOn = (): void => resolve();
    this.#waiting.add(goOn);
    signal.addEventListener("abort", goOn, { once: true });
    await promise;
    this.#waiting.delete(goOn);
    signal.removeEventListener("abort", goOn);
    signal.throwIfAborted();
  }

  /** No address of a name could be connected to: it is soon looked up again. */
  doubt(hostname: string): void {
    this.#ttlsAsked.delete(hostname);
    this.#cache.limit(hostname, this.#now() + SHORT_LIFE_MS);
  }

  /** Ends what the name service has open. */
  close(): void {
    this.#service.close?.();
  }

  /** @returns what is remembered of the name */
  async #askSystem(hostname: string): Promise<string> {
    this.#system++;
    try {
      return this.#remember(hostname, await this.#service.lookUp(hostname, this.#version));
    } catch (error) {
      const { code = "" } = this.#isShort() ? toError(SHORT) : error as NodeJS.ErrnoException;
      const text = FAILED + code;
      if (OF_THE_NAME.includes(code)) {
        this.#cache.set(hostname, text, this.#now() + SHORT_LIFE_MS);
      }
      return text;
    } finally {
      this.#system--;
      this.#tellNext();
      this.#onRoom();
    }
  }

  #remember(hostname: string, found: readonly Address[]): string {
    if (found.length === 0) throw toError("ENODATA");
    const addresses = interleave(found);
    const text = addresses.map(({ address }) => address).join();
    const wasKnown = this.#cache.has(hostname);
    const nowMs = this.#now();
    this.#cache.set(hostname, text, nowMs + SHORT_LIFE_MS);
    if ((wasKnown || ++this.#lookedUp > MAX_FEW_NAMES) && !this.#ttlsAsked.has(hostname)) {
      this.#ttlsAsked.set(hostname, nowMs);
      // Where connections have all descriptors, the code that asks cannot be loaded.
      Promise.resolve(this.#service.askTtl?.(hostname, addresses)).catch(() => undefined)
        .then((ttlSeconds = 0) => {
          if (this.#ttlsAsked.get(hostname) !== nowMs) return;
          this.#ttlsAsked.delete(hostname);
          const lifeMs = Math.min(MAX_LIFE_MS, ttlSeconds * 1_000);
          if (lifeMs > SHORT_LIFE_MS) this.#cache.extend(hostname, text, nowMs + lifeMs);
        });
    }
    return text;
  }
}

/** @throws what the look-up has failed with, if it has */
function toFound(text: string, untilMs: number): Found {
  if (text.startsWith(FAILED)) throw toError(text.slice(FAILED.length));
  const addresses = text.split(",").map((address) => ({ address, family: readIpVersion(address) }));
  return { addresses, untilMs };
}

function toError(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error("the name does not resolve"), { code });
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
  // A query that nobody waits for any more would hold a descriptor for up to 15 s.
  const over = new AbortController();
  const options = { signal: AbortSignal.any([signal, over.signal]) };
  const hasSome = Promise.withResolvers<void>();
  const ask = async (type: "A" | "AAAA", family: IpVersion): Promise<void> => {
    if (version !== undefined && version !== family) return;
    try {
      const found = await Deno.resolveDns(hostname, type, options);
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
  over.abort();
  if (addresses.length === 0 && isSilent) {
    throw Object.assign(new Error("the name server does not answer"), { code: "EAI_AGAIN" });
  }
  return addresses;
}

/** Addresses of both families in turn, the first as it was (RFC 8305 §4). */
function interleave(addresses: readonly Address[]): Address[] {
  const first = addresses.filter(({ family }) => family === addresses[0].family);
  const others = addresses.filter(({ family }) => family !== addresses[0].family);
  const longer = first.length > others.length ? first : others;
  return longer.flatMap((_, i) => [...first.slice(i, i + 1), ...others.slice(i, i + 1)]);
}
