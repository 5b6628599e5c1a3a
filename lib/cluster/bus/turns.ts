import type { RunAccess } from "./run_access.ts";
import { isWrittenBefore, toBusError } from "./trouble.ts";

/** How long the number of a turn may take, in milliseconds: later it is of no use. */
const TURN_TIMEOUT_MS = 1_000;

/** The turns of the rate, and the clock that all workers have in common. */
export class Turns {
  readonly #access: RunAccess;

  constructor(access: RunAccess) {
    this.#access = access;
  }

  /**
   * Takes the next turn of the rate.
   *
   * @returns its number, from 1, which nobody else gets
   * @throws {BusError} If the bus does not give one within a second.
   */
  async take(): Promise<number> {
    const { js } = this.#access.connection;
    const options = { timeout: TURN_TIMEOUT_MS };
    const { seq } = await this.#access.do(
      "take a turn",
      () => js.publish(`myriad.${this.#access.run}.rate`, undefined, options),
    );
    return seq;
  }

  /**
   * Reads the server's clock, halfway between this call and half of the wait for it.
   *
   * @param worker the name of whoever reads it
   * @returns milliseconds since the Unix epoch; undefined if that is not known
   */
  async readClock(worker: string): Promise<number | undefined> {
    const { kv } = this.#access;
    return await this.#access.do("read the server's clock", async () => {
      const revision = await kv.put(`clock.${worker}`, "");
      const entry = await kv.get(`clock.${worker}`);
      return entry?.revision === revision ? entry.created.getTime() : undefined;
    });
  }

  /**
   * Writes when the first turn is due, unless somebody else has written that meanwhile.
   *
   * @param before when it was due; undefined if that was not decided
   * @returns when it is due now
   */
  async moveOrigin(atMs: number, before: number | undefined): Promise<number> {
    const { kv } = this.#access;
    return await this.#access.do("put off the turns", async () => {
      for (;;) {
        const entry = await kv.get("origin");
        const stands = entry === null ? undefined : this.#readOrigin(entry.value);
        if (stands !== undefined && stands !== before) return stands;
        const bytes = this.#access.codec.encode("origin", "", { atMs });
        try {
          await kv.put("origin", bytes, { previousSeq: entry?.revision ?? 0 });
          return atMs;
        } catch (error) {
          if (!isWrittenBefore(error)) throw error;
        }
      }
    });
  }

  #readOrigin(bytes: Uint8Array): number | undefined {
    const origin = this.#access.codec.decode("origin", "", bytes);
    if (origin === undefined) this.#access.leaveOut("the begin of the rate");
    return origin?.atMs;
  }

  /**
   * Calls back with when the first turn is due, whenever that is written.
   *
   * @param fail is called if this user may not hear of it
   * @returns what ends that
   */
  async watchOrigin(
    take: (atMs: number) => void,
    fail: (error: unknown) => void,
  ): Promise<() => void> {
    const { connection } = this.#access;
    const hear = (bytes: Uint8Array): void => {
      const atMs = this.#readOrigin(bytes);
      if (atMs !== undefined) take(atMs);
    };
    const subscription = connection.nc.subscribe(`$KV.${this.#access.names.bucket}.origin`, {
      callback: (error, { data }) => {
        if (error === null) hear(data);
        else fail(toBusError(error, "hear of the turns"));
      },
    });
    const read = async (): Promise<void> => {
      const entry = await this.#access.do("read the turns", () => this.#access.kv.get("origin"));
      if (entry !== null) hear(entry.value);
    };
    // What does not come now, comes with the next turn that is overdue.
    const stopWaiting = connection.onReconnect(() => void read().catch(() => {}));
    await read();
    return () => {
      subscription.unsubscribe();
      stopWaiting();
    };
  }
}
