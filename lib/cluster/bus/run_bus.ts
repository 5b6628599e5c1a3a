import { BusError, UsageError } from "../../errors.ts";
import type { Codec } from "../codec.ts";
import { decodeSpec, encodeHead, encodeSpec, isSealedHead, readHead, type Spec } from "../spec.ts";
import { CommitKeys } from "./commit_keys.ts";
import { ControlKey } from "./control_key.ts";
import { HoldKeys } from "./hold_keys.ts";
import { LiveChannel } from "./live_channel.ts";
import { PieceStore } from "./piece_store.ts";
import type { RunAccess } from "./run_access.ts";
import { SliceQueue } from "./slice_queue.ts";
import { listStreams } from "./streams.ts";
import { Turns } from "./turns.ts";

/** How long the description of a run may be missing after its streams were made, in milliseconds. */
export const SPEC_MS = 10_000;
/** How often it is looked for meanwhile, in milliseconds. */
export const RETRY_MS = 100;

/** One run on the bus. */
export class RunBus {
  readonly #access: RunAccess;
  readonly queue: SliceQueue;
  readonly store: PieceStore;
  readonly commits: CommitKeys;
  readonly control: ControlKey;
  readonly turns: Turns;
  readonly holds: HoldKeys;
  readonly live: LiveChannel;

  constructor(access: RunAccess) {
    this.#access = access;
    this.queue = new SliceQueue(access);
    this.store = new PieceStore(access);
    this.commits = new CommitKeys(access);
    this.control = new ControlKey(access);
    this.turns = new Turns(access);
    this.holds = new HoldKeys(access);
    this.live = new LiveChannel(access);
  }

  get run(): string {
    return this.#access.run;
  }

  /** Seals and checks what goes over the bus, and what is stored. */
  get codec(): Codec {
    return this.#access.codec;
  }

  /** Called with what the user should know. */
  get onNotice(): (text: string) => void {
    return this.#access.onNotice;
  }

  set onNotice(say: (text: string) => void) {
    this.#access.onNotice = say;
  }

  /** Tells of something that is not of the run. Anybody with a user of the server can send it. */
  leaveOut(what: string): void {
    this.#access.leaveOut(what);
  }

  /**
   * Describes the run to its workers, from which moment it is one.
   *
   * @param version of the program
   */
  async writeSpec(spec: Spec, version: string): Promise<void> {
    const { isSealed } = this.#access.codec;
    const bytes = this.#access.codec.seal("spec", "", encodeSpec(spec));
    const head = {
      version,
      isSealed,
      spec: await this.store.write(`spec.${crypto.randomUUID()}`, bytes),
    };
    await this.#access.do("describe the run", () => this.#access.kv.put("spec", encodeHead(head)));
  }

  /**
   * What describes the run, once it is written; undefined if it is not for a while.
   *
   * @param version of the program
   * @param waitMs how long that is
   * @throws {UsageError} If this program, or its key, does not fit the run.
   */
  async readSpec(version: string, waitMs = SPEC_MS): Promise<Spec | undefined> {
    const { run, codec } = this.#access;
    const endMs = performance.now() + waitMs;
    for (;;) {
      const head = await this.#readHead();
      if (head !== undefined) {
        try {
          const { spec } = readHead(head, run, { version, hasKey: codec.isSealed });
          return await decodeSpec(
            run,
            async () => codec.open("spec", "", await this.store.read(spec)),
          );
        } catch (error) {
          // Whoever has submitted the run may not see what this program says.
          if (error instanceof UsageError) this.live.tellMisfit(version);
          throw error;
        }
      }
      // The submitter may be about to write it, or a follower may not have it yet.
      if (performance.now() > endMs) return undefined;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  /**
   * Whether the run is sealed; undefined if it is not described yet, without which it is not one to
   * workers.
   */
  async isSealed(): Promise<boolean | undefined> {
    const head = await this.#readHead();
    return head && isSealedHead(head);
  }

  async #readHead(): Promise<Uint8Array | undefined> {
    const entry = await this.#access.do("read the run", () => this.#access.kv.get("spec"));
    return entry?.value;
  }

  /**
   * Whether a submitter of this version, with this key, can go on with the run: nothing describes it
   * yet, or what does can be read.
   */
  async isReadable(version: string): Promise<boolean> {
    try {
      await this.readSpec(version, 0);
      return true;
    } catch (error) {
      if (error instanceof UsageError) return false;
      throw error;
    }
  }

  /** Whether the connection to the bus is broken, as far as is known. */
  get isAway(): boolean {
    return this.#access.connection.isAway;
  }

  /** Calls back whenever the connection to the bus is there again. @returns what ends that */
  onReconnect(tell: () => void): () => void {
    return this.#access.connection.onReconnect(tell);
  }

  /** Whether the bus still has all streams of the run. */
  async exists(): Promise<boolean> {
    try {
      for (const stream of listStreams(this.#access.run)) {
        await this.#access.do(
          "find the run",
          () => this.#access.connection.jsm.streams.info(stream),
        );
      }
      return true;
    } catch (error) {
      if (error instanceof BusError && error.trouble === "gone") return false;
      throw error;
    }
  }
}
