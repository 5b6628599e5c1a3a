import {
  jetstream,
  type JetStreamClient,
  type JetStreamManager,
  jetstreamManager,
} from "@nats-io/jetstream";
import {
  type NatsConnection,
  NatsConnectionImpl,
  PermissionViolationError,
  type ServerInfo,
  setTransportFactory,
} from "@nats-io/nats-core/internal";
import { UsageError } from "../../errors.ts";
import type { BusOptions } from "../../options/run_options.ts";
import { explainMissingNet, isGranted } from "../../process/permission.ts";
import { toAuthenticator, toInboxName } from "./login.ts";
import { BusTransport } from "./transport.ts";
import { CONNECT_TIMEOUT_MS, toBusError, toConnectError } from "./trouble.ts";

/** How long a request to the bus may take, in milliseconds. */
export const TIMEOUT_MS = 5_000;
/** How long the last words to the bus may take, in milliseconds. */
const FLUSH_MS = 1_000;
/** The minimum size of a message that a server has to take, in bytes: for slices and commits. */
export const MIN_PAYLOAD_BYTES = 64 * 1024;
/** The first version that reads single messages of a stream without a consumer. */
const MIN_VERSION = "2.9";
/** The maximum number of kinds of subjects that the user is told not to be allowed. */
const MAX_DENIED = 20;

/** A connection to NATS. It comes back by itself when it breaks. */
export class BusConnection {
  readonly nc: NatsConnection;
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
  /** At most one for each part of a run that reads again what it could have missed. */
  readonly #onReconnect = new Set<() => void>();
  #isAway = false;
  /** Kinds of subjects that were told as denied. */
  readonly #denied = new Set<string>();
  /** Called with what the user may not do where nobody waits for an answer. */
  onDenied: (text: string) => void = () => {};

  /**
   * @throws {UsageError} If the bus cannot be reached, does not let this user in, or this process may
   * not connect to it.
   */
  static async connect(options: BusOptions): Promise<BusConnection> {
    for (const host of options.servers) {
      if (isGranted({ name: "net", host })) continue;
      throw new UsageError(
        `Cannot connect to the NATS server '${host}': no permission: ${explainMissingNet(host)}`,
      );
    }
    const { servers, login, tls } = options;
    let transport: BusTransport | undefined;
    let nc: NatsConnection | undefined;
    setTransportFactory({ factory: () => transport = new BusTransport(tls) });
    try {
      nc = await NatsConnectionImpl.connect({
        name: "myriad",
        servers: [...servers],
        authenticator: login && toAuthenticator(login),
        inboxPrefix: `_INBOX.myriad.${toInboxName(login)}`,
        timeout: CONNECT_TIMEOUT_MS,
        // The permission is for the name.
        resolve: false,
        // Others that a server tells of may need another permission, which Deno would ask for.
        ignoreClusterUpdates: true,
        maxReconnectAttempts: -1,
        reconnectTimeWait: 500,
        // A server that starts again may not know its users yet.
        ignoreAuthErrorAbort: true,
        pingInterval: 5_000,
        maxPingOut: 2,
        noAsyncTraces: true,
      });
      checkServer(nc.info!);
      return new BusConnection(
        nc,
        await jetstreamManager(nc, { checkAPI: false, timeout: TIMEOUT_MS }),
      );
    } catch (error) {
      await nc?.close();
      // The client says only that it was not let in.
      throw toConnectError(transport?.closeError ?? error, options);
    }
  }

  private constructor(nc: NatsConnection, jsm: JetStreamManager) {
    this.nc = nc;
    this.jsm = jsm;
    this.js = jetstream(nc, { timeout: TIMEOUT_MS });
    void this.#watchConnection();
  }

  async #watchConnection(): Promise<void> {
    for await (const status of this.nc.status()) {
      const { type } = status;
      if (type === "error") this.#tellDenied(status.error);
      if (type === "disconnect") this.#isAway = true;
      // It comes once for each try that failed before.
      if (type !== "reconnect" || !this.#isAway) continue;
      this.#isAway = false;
      for (const tell of this.#onReconnect) tell();
    }
  }

  /** Whether the connection is broken, as far as is known. */
  get isAway(): boolean {
    return this.#isAway;
  }

  /** Tells of what is denied where nobody waits for an answer: acks, what a worker does, orders. */
  #tellDenied(error: Error): void {
    if (!(error instanceof PermissionViolationError)) return;
    const { operation, subject } = error;
    if (operation === "publish" && !/^\$JS\.ACK\.|\.live$/.test(subject)) return;
    // An ack has a subject of its own.
    const kind = subject.split(".").slice(0, 3).join(".");
    if (this.#denied.has(kind) || this.#denied.size === MAX_DENIED) return;
    this.#denied.add(kind);
    this.onDenied(toBusError(error, "do everything on the bus").message);
  }

  /** Calls back whenever the connection is there again. @returns what ends that */
  onReconnect(tell: () => void): () => void {
    this.#onReconnect.add(tell);
    return () => void this.#onReconnect.delete(tell);
  }

  /** Closes the connection, once what was said last is on its way. */
  async close(): Promise<void> {
    let timer;
    const late = new Promise<void>((resolve) => timer = setTimeout(resolve, FLUSH_MS));
    if (!this.#isAway) await Promise.race([this.nc.flush().catch(() => {}), late]);
    clearTimeout(timer);
    await this.nc.close();
  }
}

/** @throws {UsageError} If the server cannot do what runs need. */
function checkServer({ version, max_payload }: ServerInfo): void {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  if (Number(major) < 2 || Number(major) === 2 && Number(minor) < 9) {
    throw new UsageError(
      `Cannot use the NATS server: it is version ${version}: use ${MIN_VERSION} or later`,
    );
  }
  if (max_payload < MIN_PAYLOAD_BYTES) {
    throw new UsageError(
      `Cannot use the NATS server: it takes messages of ${max_payload} bytes at most: ` +
        `give it a 'max_payload' of ${MIN_PAYLOAD_BYTES} or more, by default it is 1 MB`,
    );
  }
}
