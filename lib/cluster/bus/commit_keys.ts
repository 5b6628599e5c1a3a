import type { Commit } from "../messages.ts";
import type { RunAccess } from "./run_access.ts";
import { isOtherOnItsWay, isWrittenBefore } from "./trouble.ts";

/** Stands in place of a commit once nothing more is to come of the slice. */
const CLOSED = "closed";
/** Stands in place of a commit of a slice that nobody can do. */
const BAD = /^bad (deadly|damaged)$/;
/** The maximum number of bytes of a mark. */
const MAX_MARK_BYTES = 16;

const decoder = new TextDecoder();

/** Why nobody can do a slice: workers die of it, or its records are damaged. */
export type BadSlice = "deadly" | "damaged";

/** What stands in place of a commit. */
type SliceMark = typeof CLOSED | BadSlice;

/** Who is told what comes to stand under the ids of slices. */
export interface CommitListener {
  onCommit(commit: Commit): void;
  /** Once, when it was told of everything that stood before. */
  onListed?(): void;
  /** Something else stands in the place of a commit. */
  onForeign?(id: string): void;
  /** A worker has found that nobody can do the slice. */
  onBad?(id: string, why: BadSlice): void;
}

/** What stands under the id of each slice: the first commit, or a mark in its place. */
export class CommitKeys {
  readonly #access: RunAccess;

  constructor(access: RunAccess) {
    this.#access = access;
  }

  /** Commits a slice. @returns whether this commit stands; if not, that of another worker does */
  async create(commit: Commit): Promise<boolean> {
    const { kv } = this.#access;
    return await this.#access.do("commit a slice", async () => {
      try {
        await kv.create(
          `commit.${commit.id}`,
          this.#access.codec.encode("commit", commit.id, commit),
        );
        return true;
      } catch (error) {
        if (!isWrittenBefore(error)) throw error;
        const stands = await this.read(commit.id);
        // What is on its way may be an earlier try of this one.
        if (stands === undefined && isOtherOnItsWay(error)) throw error;
        return typeof stands === "object" && stands.part.sha256 === commit.part.sha256 &&
          stands.worker === commit.worker;
      }
    });
  }

  /** The commit of a slice, or the mark in its place; undefined if nobody has written either. */
  async read(id: string): Promise<Commit | SliceMark | undefined> {
    const entry = await this.#access.do("read a commit", () => this.#access.kv.get(`commit.${id}`));
    if (entry === null || entry.length === 0) return undefined;
    return this.#decode(id, entry.value);
  }

  /** Undefined if it is neither a commit of that slice nor a mark. */
  #decode(id: string, bytes: Uint8Array): Commit | SliceMark | undefined {
    const mark = toMark(bytes);
    if (mark !== undefined) return mark;
    const commit = this.#access.codec.decode("commit", id, bytes);
    if (commit?.id === id) return commit;
    this.#access.leaveOut("a commit");
    return undefined;
  }

  /** Marks a slice: it was collected, or another one took its place. Workers leave it alone. */
  async close(id: string): Promise<void> {
    await this.#access.do("mark a slice", () => this.#access.kv.put(`commit.${id}`, CLOSED));
  }

  /** Marks a slice that nobody can do, unless it was committed: the run ends. */
  async markBad(id: string, why: BadSlice): Promise<void> {
    await this.#access.do("mark a slice", async () => {
      try {
        await this.#access.kv.create(`commit.${id}`, `bad ${why}`);
      } catch (error) {
        if (!isWrittenBefore(error) || isOtherOnItsWay(error)) throw error;
      }
    });
  }

  /** How many workers have begun a slice and not given it back: those before have died, or will. */
  async readTries(id: string): Promise<number> {
    const entry = await this.#access.do(
      "read a slice's tries",
      () => this.#access.kv.get(`tries.${id}`),
    );
    const tries = Number(entry?.string() ?? 0);
    return Number.isSafeInteger(tries) && tries > 0 ? tries : 0;
  }

  async writeTries(id: string, tries: number): Promise<void> {
    await this.#access.do(
      "count a slice's tries",
      () => this.#access.kv.put(`tries.${id}`, String(tries)),
    );
  }

  /** Calls back with what stands already, and then with what comes. @returns what ends that */
  async watch(
    { onCommit, onListed, onForeign, onBad }: CommitListener,
  ): Promise<() => void> {
    const { kv } = this.#access;
    // It tells the end of those that stand, also without any.
    const mark = `commit.listed-${crypto.randomUUID()}`;
    return await this.#access.do("watch the commits", async () => {
      const watch = await kv.watch({ key: "commit.>" });
      void (async () => {
        for await (const entry of watch) {
          if (entry.key === mark) onListed?.();
          if (entry.key === mark || entry.length === 0) continue;
          const id = entry.key.slice("commit.".length);
          const stands = this.#decode(id, entry.value);
          if (stands === undefined) onForeign?.(id);
          else if (typeof stands === "object") onCommit(stands);
          else if (stands !== CLOSED) onBad?.(id, stands);
        }
      })();
      await kv.put(mark, CLOSED);
      return () => watch.stop();
    });
  }
}

/** Undefined if it is not a mark. */
function toMark(bytes: Uint8Array): SliceMark | undefined {
  if (bytes.length > MAX_MARK_BYTES) return undefined;
  const text = decoder.decode(bytes);
  return text === CLOSED ? CLOSED : BAD.exec(text)?.[1] as BadSlice | undefined;
}
