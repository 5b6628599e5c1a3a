import type { Laboratory } from "./laboratory.ts";
import { SERVER } from "./laboratory.ts";
import type { Protocol, Site, SiteKind } from "./site.ts";

/** What a condition is handed while a client runs. */
export interface Run {
  readonly laboratory: Laboratory;
  readonly site: Site;
  /** A folder of the run's own, that somebody else removes. */
  readonly folder: string;
  /** Waits; throws when the client has ended. */
  wait(seconds: number): Promise<void>;
  /** Waits until a share of all requests, from 0 to 1, is in the server's log; throws as above. */
  reach(share: number): Promise<void>;
  /**
   * Tells that the fault is over, and waits until the server logs a request again: that is how long
   * the client needs to recover. Throws as above.
   */
  recover(): Promise<void>;
  /** Keeps a fault until the client has ended. */
  last(fault: AsyncDisposable): void;
}

/** A fault of a network, a name server or a server. */
export interface Condition {
  readonly name: string;
  /**
   * The hosts of the URLs, in turn, as URLs have them.
   *
   * @default {DEFAULT_HOSTS}
   */
  readonly hosts?: readonly string[] | undefined;
  /** @default {DEFAULT_REQUESTS} */
  readonly requests?: number | undefined;
  /** @default {DEFAULT_CONCURRENCY} */
  readonly concurrency?: number | undefined;
  /** The seconds that a request may take. @default {DEFAULT_TIMEOUT_SECONDS} */
  readonly timeoutSeconds?: number | undefined;
  /** How often a failed request is made again. @default {0} */
  readonly retries?: number | undefined;
  /**
   * The seconds that a client pauses after each request of a place of its concurrency; then only
   * clients that can pause take part.
   *
   * @default {0}
   */
  readonly pauseSeconds?: number | undefined;
  /** The protocols that it is of interest with. @default {["http", "h2"]} */
  readonly protocols?: readonly Protocol[] | undefined;
  /** The server that is a part of the fault, in place of the others. */
  readonly site?: SiteKind | undefined;
  /** Whether requests are of all kinds (`mix.ts`), and not only GETs. @default {false} */
  readonly isMixed?: boolean | undefined;
  /** Whether requests may fail: otherwise a failure is a fault of the client. @default {false} */
  readonly mayFail?: boolean | undefined;
  /** The kinds of error that `myriad` may report, as it names them. @default any */
  readonly kinds?: readonly string[] | undefined;
  /** Begins the fault before the server starts; what is returned removes it. @default nothing */
  apply?(laboratory: Laboratory, folder: string): Promise<AsyncDisposable>;
  /** What happens while the client runs, beginning with its start. @default nothing */
  during?(run: Run): Promise<void>;
}

/** The hosts that URLs have by default. */
export const DEFAULT_HOSTS: readonly string[] = [SERVER.ipv4[0]];
export const DEFAULT_REQUESTS = 2_000;
export const DEFAULT_CONCURRENCY = 50;
export const DEFAULT_TIMEOUT_SECONDS = 10;
