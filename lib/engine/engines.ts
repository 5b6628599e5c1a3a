/**
 * The engines that make requests. A new one is a row here and a file of its own: the command line,
 * its messages and a run take what they need from its row.
 *
 * @module
 */
import type { Engine } from "./engine.ts";
import type { EngineOptions } from "./options.ts";

/** What an engine may be unable to do; the row of a flag says that it needs it. */
export type Capability =
  | "any certificate"
  | "connect deadline"
  | "idle deadline"
  | "proxies"
  | "Unix sockets";

/** A way of making requests. */
export interface EngineRow {
  /** What it cannot do. */
  readonly lacks: readonly Capability[];
  /**
   * Whether it chooses other engines for the requests. Where something is needed that it lacks, the
   * first engine that can do all that is needed is used in its place. @default {false}
   */
  readonly isAutomatic?: boolean;
  /** Loads the engine's code, and no other's. Opens no connection yet. */
  open(options: EngineOptions): Promise<Engine>;
}

/**
 * What native fetch cannot do, or not as it should (seen with Deno 2.9): it reports a proxy over
 * HTTP or HTTPS that is down as if it were the host, sends no credentials to a proxy over HTTPS for
 * `http:` URLs, and leaves the look-up of names to a SOCKS5 proxy.
 */
const FETCH_LACKS: readonly Capability[] = [
  "any certificate",
  "connect deadline",
  "idle deadline",
  "proxies",
  "Unix sockets",
];

const ROWS = {
  auto: {
    lacks: FETCH_LACKS,
    isAutomatic: true,
    open: async (options) => new (await import("./auto.ts")).AutoEngine(options),
  },
  fetch: {
    lacks: FETCH_LACKS,
    open: async (options) => new (await import("./fetch/fetch.ts")).FetchEngine(options),
  },
  http1: {
    lacks: [],
    open: async (options) => new (await import("./sockets/socket_engine.ts")).Http1Engine(options),
  },
} satisfies Record<string, EngineRow>;

/** What `--engine` takes. */
export type EngineName = keyof typeof ROWS;

/** The engines by name; the first is the default. */
export const ENGINES: Readonly<Record<EngineName, EngineRow>> = ROWS;

/** Their names, in the order of the table. */
export const ENGINE_NAMES = Object.keys(ENGINES) as readonly EngineName[];

/** The engines that can do something which others lack; automatic ones are left out. */
export function findEngines(capability: Capability): readonly EngineName[] {
  return ENGINE_NAMES.filter((name) =>
    !ENGINES[name].isAutomatic && !ENGINES[name].lacks.includes(capability)
  );
}
