import type { Commit } from "../messages.ts";
import type { RunAccess } from "./run_access.ts";
import { isWrittenBefore } from "./trouble.ts";

/** Stands in place of a commit once nothing more is to come of the slice. */
const CLOSED = "closed";
/** Stands in place of a commit of a slice that nobody can do. */
const BAD = /^bad (deadly|damaged)$/;
/** The maximum number of bytes of such a mark. */
const MAX_BAD_BYTES = 16;

const decoder = new TextDecoder();

/** Why nobody can do a slice: workers die of it, or its records are damaged. */
export type BadSlice = "deadly" | "damaged";

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
        return stands !== CLOSED && stands?.part.sha256 === commit.part.sha256 &&
          stands.worker === commit.worker;
      }
    });
  }

  /** The commit of a slice; undefined if nobody has committed it. */
  async read(id: string): Promise<Commit | typeof CLOSED | undefined> {
    const entry = await this.#access.do("read a commit", () => this.#access.kv.get(`commit.${id}`));
    if (entry === null || entry.length === 0) return undefined;
    return this.#toCommit(id, entry.value);
  }

  /** Undefined if it is neither a commit of that slice nor the mark of one that is closed. */
  #toCommit(id: string, bytes: Uint8Array): Commit | typeof CLOSED | undefined {
    if (bytes.length === CLOSED.length && decoder.decode(bytes) === CLOSED) return CLOSED;
    if (toBad(bytes) !== undefined) return CLOSED;
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
        if (!isWrittenBefore(error)) throw error;
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
          const bad = toBad(entry.value);
          const commit = this.#toCommit(id, entry.value);
          if (bad !== undefined) onBad?.(id, bad);
          else if (commit === undefined) onForeign?.(id);
          else if (commit !== CLOSED) onCommit(commit);
        }
      })();
      await kv.put(mark, CLOSED);
      return () => watch.stop();
    });
  }
}

/** Undefined if it is not the mark of a slice that nobody can do. */
function toBad(bytes: Uint8Array): BadSlice | undefined {
  if (bytes.length > MAX_BAD_BYTES) return undefined;
  return BAD.exec(decoder.decode(bytes))?.[1] as BadSlice | undefined;
}
