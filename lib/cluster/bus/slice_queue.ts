import type { Msg } from "@nats-io/nats-core/internal";
import { BusError } from "../../errors.ts";
import type { Slice } from "../messages.ts";
import { TIMEOUT_MS } from "./connection.ts";
import type { RunAccess } from "./run_access.ts";
import { CONSUMER } from "./streams.ts";

/** How long a worker waits for a slice before it asks again, in milliseconds. */
const NEXT_MS = 2_000;
/** The maximum number of slices that are listed. */
const MAX_LISTED = 10_000;

/** A slice that was handed to this worker, for as long as it says that it works on it. */
export interface Lease {
  readonly slice: Slice;
  /** How often it was handed to a worker, with this time, as far as the bus knows: from 1. */
  readonly deliveries: number;
  /** Keeps it for another while. */
  keep(): void;
  /** Gives it back: another worker gets it at once. */
  giveBack(): void;
  /** Takes it out of the queue. Its commit is what counts, so nothing waits for that. */
  acknowledge(): void;
}

/** A slice that is in the queue or with a worker. */
export interface QueuedSlice {
  /** Where it is in the queue. */
  readonly seq: number;
  readonly slice: Slice;
}

/** The slices of a run that nobody has committed, of which each worker takes one after the other. */
export class SliceQueue {
  readonly #access: RunAccess;

  constructor(access: RunAccess) {
    this.#access = access;
  }

  async publish(slice: Slice): Promise<void> {
    await this.#access.do(
      "publish a slice",
      () =>
        this.#access.connection.js.publish(
          this.#access.names.subjects.slice,
          this.#access.codec.encode("slice", "", slice),
          {
            msgID: slice.id,
          },
        ),
    );
  }

  /**
   * The next slice that nobody has; undefined if none came for a while.
   *
   * @throws {BusError} If the bus cannot be asked.
   */
  async next(): Promise<Lease | undefined> {
    const subject = `$JS.API.CONSUMER.MSG.NEXT.${this.#access.names.slices}.${CONSUMER}`;
    const request = JSON.stringify({ batch: 1, expires: NEXT_MS * 1e6 });
    const message = await this.#access.do("ask for a slice", () =>
      // It asks for one, and waits for the answer: what a client fetches ahead, other workers lack.
      // A slice comes with its own subject, by which the client could not tell the request.
      this.#access.connection.nc.request(subject, request, {
        timeout: NEXT_MS + TIMEOUT_MS,
        noMux: true,
      }));
    const status = message.headers?.code ?? 0;
    if (status === 0) {
      const slice = this.#access.codec.decode("slice", "", message.data);
      if (slice !== undefined) return toLease(message, slice);
      message.respond("+TERM");
      this.#access.leaveOut("a slice");
      return undefined;
    }
    // No message, or the time is over.
    if (status === 404 || status === 408) return undefined;
    const { description } = message.headers!;
    const isGone = /deleted/i.test(description);
    // The other 409s pass: the server shuts down, has lost its leader, or too many wait (ADR-13).
    const trouble = isGone ? "gone" : status === 409 ? "away" : "failed";
    throw new BusError(
      `Cannot ask for a slice: ${isGone ? "the run is not on the bus any more" : description}`,
      trouble,
    );
  }

  /** Slices that are in the queue or with a worker. The leader is asked: it knows of all. */
  async list(): Promise<QueuedSlice[]> {
    const { streams } = this.#access.connection.jsm;
    const slices: QueuedSlice[] = [];
    for (let seq = 1; slices.length < MAX_LISTED; seq++) {
      const query = { seq, next_by_subj: this.#access.names.subjects.slice };
      const message = await this.#access.do(
        "list the slices",
        () => streams.getMessage(this.#access.names.slices, query),
      );
      if (message === null) break;
      seq = message.seq;
      const slice = this.#access.codec.decode("slice", "", message.data);
      if (slice !== undefined) slices.push({ seq, slice });
    }
    return slices;
  }

  /** Takes a slice out of the queue, whether or not a worker has it. */
  async remove({ seq }: QueuedSlice): Promise<void> {
    await this.#access.connection.jsm.streams.deleteMessage(this.#access.names.slices, seq, false)
      .catch(() => {});
  }

  /** How many slices are with workers. */
  async countHeld(): Promise<number> {
    const { num_ack_pending } = await this.#access.do(
      "ask after the slices",
      () => this.#access.connection.jsm.consumers.info(this.#access.names.slices, CONSUMER),
    );
    return num_ack_pending;
  }
}

function toLease(message: Msg, slice: Slice): Lease {
  const answer = (text: string) => (): void => void message.respond(text);
  return {
    slice,
    deliveries: countDeliveries(message.reply!),
    keep: answer("+WPI"),
    giveBack: answer("-NAK"),
    acknowledge: answer("+ACK"),
  };
}

/**
 * Reads how often a message was delivered from the subject of its ack, of which there are two forms
 * (ADR-15 of NATS): that of more than nine tokens has the domain and the account before the stream.
 */
function countDeliveries(reply: string): number {
  const tokens = reply.split(".");
  return Number(tokens[tokens.length > 9 ? 6 : 4]);
}
