import type { Hold } from "../messages.ts";
import type { RunAccess } from "./run_access.ts";
import { toBusError } from "./trouble.ts";

/** The maximum number of hosts that are read. */
const MAX_LISTED = 10_000;

/** The hosts that have asked a worker to be left alone. */
export class HoldKeys {
  readonly #access: RunAccess;

  constructor(access: RunAccess) {
    this.#access = access;
  }

  /** Tells all workers, also those that come later, that a host has asked to be left alone. */
  async write(hold: Hold): Promise<void> {
    const hash = this.#access.codec.toName(hold.host);
    const bytes = this.#access.codec.encode("hold", hash, hold);
    await this.#access.do("tell of a host", () => this.#access.kv.put(`hold.${hash}`, bytes));
  }

  /**
   * Calls back with each host that has asked to be left alone, those of before first.
   *
   * @param fail is called if this user may not hear of them
   * @returns once those of before were there, what ends that
   */
  async watch(
    take: (hold: Hold) => Promise<void>,
    fail: (error: unknown) => void,
  ): Promise<() => void> {
    const { connection } = this.#access;
    const prefix = `${this.#access.names.subjects.keys}.hold.`;
    const hear = async (subject: string, data: Uint8Array): Promise<void> => {
      if (data.length === 0) return;
      const hash = subject.slice(prefix.length);
      const hold = this.#access.codec.decode("hold", hash, data);
      if (hold === undefined || this.#access.codec.toName(hold.host) !== hash) {
        this.#access.leaveOut("a host that asked to be left alone");
      } else await take(hold);
    };
    // To listen, and to read one after the other, leaves no consumer on the server.
    const subscription = connection.nc.subscribe(`${prefix}*`, {
      callback: (error, { subject, data }) => {
        if (error === null) void hear(subject, data);
        else fail(toBusError(error, "hear of hosts"));
      },
    });
    let hasEnded = false;
    const read = async (): Promise<void> => {
      for (let seq = 1, count = 0; count < MAX_LISTED && !hasEnded; seq++, count++) {
        const query = { seq, next_by_subj: `${prefix}*` };
        const message = await this.#access.do(
          "read which hosts asked to be left alone",
          () => connection.jsm.streams.getMessage(`KV_${this.#access.names.bucket}`, query),
        );
        if (message === null) return;
        seq = message.seq;
        await hear(message.subject, message.data);
      }
    };
    // What does not come now, comes with the next connection.
    const stopWaiting = connection.onReconnect(() => void read().catch(() => {}));
    await read().catch(() => {});
    return () => {
      hasEnded = true;
      subscription.unsubscribe();
      stopWaiting();
    };
  }
}
