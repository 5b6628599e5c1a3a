import { basename, dirname } from "node:path";
import { gunzipSync } from "node:zlib";
import { parseArchive } from "../../tests/fixtures/archive_records.ts";
import type { Case } from "./cases.ts";
import type { Faults } from "./count.ts";
import type { Record } from "./records.ts";

/** An archive, and what it belongs to. */
interface ArchiveLeft {
  readonly path: string;
  readonly records: readonly Record[];
  /** What the server said to a request, each time. */
  readonly said: (record: Record) => string[];
  /** Whether responses of a first try may be there, too. */
  readonly isRetried: boolean;
}

/** Each record's response is in the archive, whole, where it says, and the index has it. */
export async function checkArchive(
  { files }: Case,
  { path, records, said, isRetried }: ArchiveLeft,
  faults: Faults,
): Promise<void> {
  const folder = dirname(path);
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) => /^crawl(-\d{5})?\.warc\.gz$/.test(name)).toSorted();
  const contents = new Map<string, Uint8Array>();
  const numbers = new Map<number, number>();
  let captures = 0;
  for (const name of [basename(path), ...names.filter((name) => name !== basename(path))]) {
    const bytes = await Deno.readFile(`${folder}/${name}`);
    contents.set(name, bytes);
    const all = parseArchive(bytes);
    faults.unless(all[0]?.type === "warcinfo", "a file of the archive does not begin as one");
    for (const { type, fields } of all) {
      if (type !== "response" && type !== "revisit") continue;
      captures++;
      const number = Number(fields.get("Myriad-Number") ?? NaN);
      numbers.set(number, (numbers.get(number) ?? 0) + 1);
    }
  }
  for (const record of records) {
    const { i, status, bodyFile } = record;
    const count = numbers.get(i) ?? 0;
    numbers.delete(i);
    faults.unless(
      status === null || count === 1 || isRetried && count > 1,
      "a response is not in the archive once",
      () => `${i}: ${count} times`,
    );
    if (bodyFile === null) {
      faults.unless(status === null, "a record has no place in the archive", () => `${i}`);
      continue;
    }
    const [name, offset] = bodyFile.split(":");
    const [found] = parseMember(contents.get(name), Number(offset));
    faults.unless(
      found?.fields.get("Myriad-Number") === `${i}`,
      "a record names a place that is not its own",
      () => bodyFile,
    );
    if (found?.type !== "response" || status === null) continue;
    const body = found.block.slice(found.block.indexOf("\r\n\r\n") + 4);
    const isThere = said(record).includes(body);
    faults.unless(isThere, "a response in the archive is not the server's", () => bodyFile);
  }
  faults.unless(
    numbers.size === 0,
    "responses are of no record",
    () => [...numbers.keys()].slice(0, 3).join(),
  );
  if (files.cdx) await checkIndex(`${folder}/crawl.cdxj`, contents, captures, faults);
}

/** The record of a gzip member that begins at a byte. */
function parseMember(
  bytes: Uint8Array | undefined,
  offset: number,
  length?: number,
): ReturnType<typeof parseArchive> {
  if (bytes === undefined || !(offset >= 0)) return [];
  try {
    const end = length === undefined ? findEnd(bytes, offset) : offset + length;
    return parseArchive(bytes.subarray(offset, end));
  } catch {
    return [];
  }
}

/** Where the next member begins: each has the same first bytes. */
function findEnd(bytes: Uint8Array, offset: number): number {
  const isEnd = (at: number): boolean => {
    if (at >= bytes.length) return true;
    if (bytes[at] !== 0x1f || bytes[at + 1] !== 0x8b || bytes[at + 2] !== 0x08) return false;
    try {
      return gunzipSync(bytes.subarray(offset, at)).length > 0;
    } catch {
      return false;
    }
  };
  let at = offset + 1;
  while (!isEnd(at)) at++;
  return at;
}

/** The lines of the index are sorted, and each leads to a response. */
async function checkIndex(
  path: string,
  contents: ReadonlyMap<string, Uint8Array>,
  captures: number,
  faults: Faults,
): Promise<void> {
  const lines = (await Deno.readTextFile(path)).split("\n").slice(0, -1)
    .filter((line) => !line.startsWith("!"));
  faults.unless(
    lines.length === captures,
    "the index has not each response once",
    () => `${lines.length} of ${captures}`,
  );
  faults.unless(
    lines.every((line, k) => k === 0 || lines[k - 1] <= line),
    "the index is not sorted",
  );
  const places = new Set<string>();
  for (const line of lines) {
    const { filename, offset, length } = JSON.parse(line.slice(line.indexOf("{")));
    places.add(`${filename}:${offset}`);
    const [found] = parseMember(contents.get(filename), Number(offset), Number(length));
    const isResponse = found?.type === "response" || found?.type === "revisit";
    faults.unless(isResponse, "a line of the index leads to no response", () => line.slice(0, 200));
  }
  faults.unless(places.size === lines.length, "the index has a response twice");
}
