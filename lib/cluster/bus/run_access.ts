import type { KV } from "@nats-io/kv";
import type { Codec } from "../codec.ts";
import type { BusConnection } from "./connection.ts";
import { type Names, toNames } from "./streams.ts";
import { toBusError } from "./trouble.ts";

/** What a run is reached by. */
interface RunAccessOptions {
  /** Seals and checks what goes over the bus, and what is stored. */
  readonly codec: Codec;
  readonly connection: BusConnection;
  /** The bucket of the run. */
  readonly kv: KV;
}

/** What all rooms of a run on the bus have in common. */
export class RunAccess {
  readonly run: string;
  readonly codec: Codec;
  readonly connection: BusConnection;
  readonly kv: KV;
  readonly names: Names;
  /** What was left out as it is not of the run; each kind is told once. */
  readonly #foreign = new Set<string>();
  /** Called with what the user should know. */
  onNotice: (text: string) => void = () => {};

  constructor(run: string, { codec, connection, kv }: RunAccessOptions) {
    this.run = run;
    this.codec = codec;
    this.connection = connection;
    this.kv = kv;
    this.names = toNames(run);
  }

  /**
   * Does something on the bus.
   *
   * @param doing in words that follow "Cannot"
   * @throws {BusError} If it failed.
   */
  async do<T>(doing: string, act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      throw toBusError(error, doing);
    }
  }

  /** Tells of something that is not of the run. Anybody with a user of the server can send it. */
  leaveOut(what: string): void {
    if (this.#foreign.has(what)) return;
    this.#foreign.add(what);
    this.onNotice(`on the bus is ${what} that is damaged, or not of this run: it is left out`);
  }
}
