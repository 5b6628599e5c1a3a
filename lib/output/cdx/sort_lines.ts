/**
 * Sorts the lines of a file by their bytes, in memory that does not depend on how many there are: runs
 * of lines are sorted, written one behind the other into a file, and merged.
 *
 * ```text
 * lines ──► run run run … ──► merged ──► sorted
 *           a scratch file, and the other one where there are too many to merge at once
 * ```
 *
 * @module
 */
import { BinaryHeap } from "@std/data-structures/binary-heap";
import { openFreshFile } from "../../process/fresh_file.ts";
import { writeAll } from "../../process/write_all.ts";

/** About how many bytes of lines are sorted at once. */
const MAX_RUN_BYTES = 8 * 1024 * 1024;
/** How many runs are merged at once; of each, a block is in memory. */
const MAX_MERGED = 128;
/** Bytes of a block that is read or written. */
const BLOCK_BYTES = 64 * 1024;

/** Options for {@linkcode sortLines}. */
export interface SortOptions {
  /** Two files that may be written meanwhile; they are removed. */
  readonly scratch: readonly [string, string];
  /** The permissions of all files that are made. */
  readonly mode: number;
  /** What becomes of a line, which has no line end, before it is sorted. */
  readonly toLine?: (line: string) => string;
  /** @default 8 MiB */
  readonly maxRunBytes?: number;
  /** From 2. @default 128 */
  readonly maxMerged?: number;
}

/** Where sorted lines are in a file, in bytes. */
interface Run {
  readonly start: number;
  readonly end: number;
}

/**
 * Sorts the lines of one file into another, which is replaced.
 *
 * @param from its lines are ASCII, and each has its end
 * @throws {Error} If a file cannot be read or written.
 */
export async function sortLines(
  from: string,
  to: string,
  {
    scratch,
    mode,
    toLine = (line) => line,
    maxRunBytes = MAX_RUN_BYTES,
    maxMerged = MAX_MERGED,
  }: SortOptions,
): Promise<void> {
  let [source, other] = scratch;
  try {
    let runs = await writeRuns(from, source, { mode, toLine, maxRunBytes });
    while (runs.length > maxMerged) {
      runs = await mergeGroups(source, runs, other, { maxMerged, mode });
      await Deno.remove(source);
      [source, other] = [other, source];
    }
    await mergeGroups(source, runs, to, { maxMerged, mode });
  } finally {
    for (const path of scratch) await Deno.remove(path).catch(() => {});
  }
}

/** Sorts as many lines as are allowed at once, again and again. */
async function writeRuns(
  from: string,
  to: string,
  { mode, toLine, maxRunBytes }: Required<Pick<SortOptions, "mode" | "toLine" | "maxRunBytes">>,
): Promise<Run[]> {
  using input = await Deno.open(from);
  await using output = new LineFileWriter(to, mode);
  const { size } = await input.stat();
  const lines = new RunReader(input, { start: 0, end: size });
  const runs: Run[] = [];
  let held: string[] = [];
  let bytes = 0;
  const writeRun = async (): Promise<void> => {
    const start = output.length;
    for (const line of held.sort()) {
      output.add(line);
      if (output.isFull) await output.flush();
    }
    runs.push({ start, end: output.length });
    held = [];
    bytes = 0;
  };
  for (let line; (line = lines.take() ?? await lines.read()) !== undefined;) {
    const kept = toLine(line);
    held.push(kept);
    bytes += kept.length + 1;
    if (bytes >= maxRunBytes) await writeRun();
  }
  if (held.length > 0) await writeRun();
  return runs;
}

/** Merges neighbouring runs, so many at once, into runs of another file. */
async function mergeGroups(
  from: string,
  runs: readonly Run[],
  to: string,
  { maxMerged, mode }: Required<Pick<SortOptions, "maxMerged" | "mode">>,
): Promise<Run[]> {
  using input = await Deno.open(from);
  await using output = new LineFileWriter(to, mode);
  const merged: Run[] = [];
  for (let k = 0; k < runs.length; k += maxMerged) {
    const start = output.length;
    await merge(runs.slice(k, k + maxMerged).map((run) => new RunReader(input, run)), output);
    merged.push({ start, end: output.length });
  }
  return merged;
}

/** The least line of a run that is not written yet. */
interface FirstLine {
  line: string;
  readonly reader: RunReader;
}

async function merge(readers: readonly RunReader[], output: LineFileWriter): Promise<void> {
  const heap = new BinaryHeap((a: FirstLine, b: FirstLine) =>
    a.line < b.line ? -1 : a.line > b.line ? 1 : 0
  );
  for (const reader of readers) {
    const line = await reader.read();
    if (line !== undefined) heap.push({ line, reader });
  }
  for (let least: FirstLine | undefined; (least = heap.pop()) !== undefined;) {
    output.add(least.line);
    if (output.isFull) await output.flush();
    const line = least.reader.take() ?? await least.reader.read();
    if (line === undefined) continue;
    least.line = line;
    heap.push(least);
  }
}

const decoder = new TextDecoder("latin1");

/** The lines of a part of a file; it holds a block, and the start of a line. */
class RunReader {
  readonly #file: Deno.FsFile;
  #position: number;
  readonly #end: number;
  /** Lines without their ends; the last one goes on behind the block. */
  #lines: string[] = [];
  #next = 0;

  constructor(file: Deno.FsFile, { start, end }: Run) {
    this.#file = file;
    this.#position = start;
    this.#end = end;
  }

  /** The next line, if its end is in the block at hand. */
  take(): string | undefined {
    return this.#next < this.#lines.length - 1 ? this.#lines[this.#next++] : undefined;
  }

  /** The next line; undefined at the end. */
  async read(): Promise<string | undefined> {
    let line;
    while ((line = this.take()) === undefined && this.#position < this.#end) {
      const rest = this.#lines.at(-1) ?? "";
      const buffer = new Uint8Array(Math.min(BLOCK_BYTES, this.#end - this.#position));
      await this.#file.seek(this.#position, Deno.SeekMode.Start);
      const length = await this.#file.read(buffer) ?? 0;
      if (length === 0) throw new Deno.errors.UnexpectedEof("the file has become shorter");
      this.#position += length;
      this.#lines = (rest + decoder.decode(buffer.subarray(0, length))).split("\n");
      this.#next = 0;
    }
    return line;
  }
}

/** Writes lines in blocks. */
class LineFileWriter {
  readonly #file: Deno.FsFile;
  /** At most a block and a line. */
  #text = "";
  /** Bytes of all lines that were added. */
  length = 0;

  constructor(path: string, mode: number) {
    this.#file = openFreshFile(path, { mode });
  }

  /** @param line in ASCII, without its end */
  add(line: string): void {
    this.#text += `${line}\n`;
    this.length += line.length + 1;
  }

  /** Whether {@linkcode flush} is due. */
  get isFull(): boolean {
    return this.#text.length >= BLOCK_BYTES;
  }

  async flush(): Promise<void> {
    const bytes = new TextEncoder().encode(this.#text);
    this.#text = "";
    await writeAll(this.#file, bytes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.flush();
    } finally {
      this.#file.close();
    }
  }
}
