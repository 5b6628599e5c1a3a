/**
 * The engines that make requests. A new one is a row here and a file of its own: the command line,
 * its messages and a run take what they need from its row.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import type { Engine } from "./engine.ts";
import type { EngineOptions, EngineSettings } from "./options.ts";
import type { Versions } from "./sockets/connection_pool.ts";
import type { Transports } from "./transport/transport.ts";
import type { DescribeRequest } from "./trace.ts";

/** What an engine may be unable to do; the row of a flag says that it needs it. */
export type Capability =
  | "any certificate"
  | "connect deadline"
  | "idle deadline"
  | "proxies"
  | "Unix sockets"
  | "detours"
  | "IP versions"
  | "rate limit"
  | "transports"
  | "exchanges"
  | "streams"
  | "HTTP/1.1 only"
  | "HTTP/2 only";

/** A way of making requests. */
export interface EngineRow {
  /** What it cannot do. */
  readonly lacks: readonly Capability[];
  /**
   * Whether another engine is used in its place where something is needed that it lacks: the first
   * one that can do all that is needed. @default {false}
   */
  readonly isAutomatic?: boolean;
  /**
   * Whether the default engine takes less processor time for the same requests
   * (docs/benchmarks.md). @default {false}
   */
  readonly costsMore?: boolean;
  /**
   * Loads the engine's code, and no other's. Opens no connection yet.
   *
   * @throws {UsageError} If native sockets are asked for by name and cannot be used.
   */
  open(options: EngineOptions): Promise<Engine>;
  /**
   * Loads what shows the heads of requests as the engine would send them, without any connection: as
   * HTTP/1.1 where the server decides which version it speaks.
   */
  preview(options: EngineSettings): Promise<DescribeRequest>;
}

/** Opens the engine over sockets. @param versions the versions of HTTP that it may speak */
async function openSocketEngine(options: EngineOptions, versions: Versions): Promise<Engine> {
  const [{ SocketEngine }, { openTransports }] = await Promise.all([
    import("./sockets/socket_engine.ts"),
    import("./transport/open.ts"),
  ]);
  const { transport: choice = "auto", permits, localEnd, maxBytesPerSecond: limit, budget } =
    options;
  const limited = limit === undefined ? undefined : await import("./transport/limited.ts");
  // Native sockets know no permissions.
  const isRestricted = permits !== undefined && choice === "auto";
  const transports = await openTransports(isRestricted ? "portable" : choice, {
    localEnd,
    maxReadBytes: limited?.choosePieceBytes(limit!),
  });
  if (typeof transports === "string") {
    throw new UsageError(
      `Cannot use '--transport native': ${transports}; '--transport portable' works without`,
    );
  }
  try {
    await checkBinding(options, transports);
  } catch (error) {
    transports.close();
    throw error;
  }
  const bounded = limited?.limitTransports(transports, limit!, budget) ?? transports;
  if (options.trace === undefined && options.exchanges === undefined) {
    return new SocketEngine(options, versions, bounded);
  }
  const { WatchedSocketEngine } = await import("./sockets/watched_engine.ts");
  return new WatchedSocketEngine(options, versions, bounded);
}

/** @throws {UsageError} If connections cannot begin where they have to. */
async function checkBinding(
  { localEnd }: EngineOptions,
  transports: Transports | undefined,
): Promise<void> {
  if (localEnd === undefined) return;
  (await import("./transport/local_end.ts")).checkLocalEnd(localEnd, transports);
}

async function previewSockets(
  options: EngineSettings,
  version: "1.1" | "2",
): Promise<DescribeRequest> {
  const { createPreview } = await import("./sockets/preview.ts");
  return createPreview(options, version);
}

const ROWS = {
  auto: {
    lacks: ["HTTP/1.1 only", "HTTP/2 only"],
    isAutomatic: true,
    open: (options) => openSocketEngine(options, "auto"),
    preview: (options) => previewSockets(options, "1.1"),
  },
  http1: {
    lacks: ["HTTP/2 only", "streams"],
    open: (options) => openSocketEngine(options, "http1"),
    preview: (options) => previewSockets(options, "1.1"),
  },
  http2: {
    lacks: ["HTTP/1.1 only"],
    open: (options) => openSocketEngine(options, "http2"),
    preview: (options) => previewSockets(options, "2"),
  },
  fetch: {
    // Seen with Deno 2.9: it reports a proxy over HTTP or HTTPS that is down as if it were the host,
    // sends no credentials to a proxy over HTTPS for `http:` URLs, and leaves the look-up of names to
    // a SOCKS5 proxy.
    lacks: [
      "any certificate",
      "connect deadline",
      "idle deadline",
      "proxies",
      "Unix sockets",
      "detours",
      "IP versions",
      "rate limit",
      "transports",
      "exchanges",
      "streams",
      "HTTP/1.1 only",
      "HTTP/2 only",
    ],
    costsMore: true,
    open: async (options) => {
      await checkBinding(options, undefined);
      return new (await import("./fetch/fetch.ts")).FetchEngine(options);
    },
    preview: async () => (await import("./fetch/prepared_fields.ts")).describeRequest,
  },
} satisfies Record<string, EngineRow>;

/** What `--engine` takes. */
export type EngineName = keyof typeof ROWS;

/** The engines by name; the first is the default. */
export const ENGINES: Readonly<Record<EngineName, EngineRow>> = ROWS;

/** Their names, in the order of the table. */
export const ENGINE_NAMES = Object.keys(ENGINES) as readonly EngineName[];

/** The engines that cannot do something; an automatic one has another do it. */
export function findLacking(capability: Capability): readonly EngineName[] {
  return ENGINE_NAMES.filter((name) => {
    const { isAutomatic, lacks } = ENGINES[name];
    return !isAutomatic && lacks.includes(capability);
  });
}
