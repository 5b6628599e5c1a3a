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
}

/** A fault of a network, a name server or a server. */
export interface Condition {
  readonly name: string;
  /**
   * The hosts of the URLs, in turn, as URLs have them.
   *
   * @default the first IPv4 address of the server
   */
  readonly hosts?: readonly string[] | undefined;
  /** @default {2_000} */
  readonly requests?: number | undefined;
  /** @default {50} */
  readonly concurrency?: number | undefined;
  /** The seconds that a request may take. @default {10} */
  readonly timeoutSeconds?: number | undefined;
  /** How often a failed request is made again. @default {0} */
  readonly retries?: number | undefined;
  /** The protocols that it is of interest with. @default {["http", "h2"]} */
  readonly protocols?: readonly Protocol[] | undefined;
  /** The server that is a part of the fault, in place of the others. */
  readonly site?: SiteKind | undefined;
  /** Whether requests are of all kinds (`mix.ts`), and not only GETs. @default {false} */
  readonly isMixed?: boolean | undefined;
  /** Whether requests must fail: of others each failure is a fault of the client. */
  readonly mayFail?: boolean | undefined;
  /** Begins the fault; what is returned removes it. @default nothing is done */
  apply?(laboratory: Laboratory, folder: string): Promise<AsyncDisposable>;
  /** What happens while the client runs, beginning with its start. @default nothing */
  during?(run: Run): Promise<void>;
}

/** The hosts that URLs have by default. */
export const DEFAULT_HOSTS: readonly string[] = [SERVER.ipv4[0]];
