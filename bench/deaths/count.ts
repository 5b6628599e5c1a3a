import type { Log } from "./answer_server.ts";
import { type Case, toUrl } from "./cases.ts";
import { checkArchive } from "./count_archive.ts";
import { checkBodies } from "./count_bodies.ts";
import { readRecords, type Record } from "./records.ts";

/** At most so many faults of one kind are told. */
const MAX_TOLD = 3;

/** What is wrong with what a run has left, in words. */
export class Faults {
  readonly #counts = new Map<string, { count: number; examples: string[] }>();

  /** Notes a fault unless something holds. @param what is wrong. @param which says of what */
  unless(holds: boolean, what: string, which: () => string = () => ""): void {
    if (holds) return;
    const kind = this.#counts.get(what) ?? { count: 0, examples: [] };
    this.#counts.set(what, kind);
    kind.count++;
    if (kind.examples.length < MAX_TOLD && which() !== "") kind.examples.push(which());
  }

  /** Notes what is thrown as a fault. */
  async of(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.unless(false, what, () => String((error as Error).message).slice(0, 300));
    }
  }

  get all(): string[] {
    return [...this.#counts].map(([what, { count, examples }]) =>
      `${count} x ${what}${examples.length === 0 ? "" : `: ${examples.join("; ")}`}`
    );
  }
}

/** What a run that has come to its end has left. */
export interface Left {
  /** Where its requests went, without a slash at the end. */
  readonly url: string;
  readonly folder: string;
  readonly log: Log;
  /** The summary. */
  readonly summary: string;
  /** For a run of `--retry-failed`, its records before. */
  readonly before?: readonly Record[];
}

/** Counts everything. @returns the records; undefined if they cannot be read */
export async function countAll(
  row: Case,
  left: Left,
  faults: Faults,
): Promise<Record[] | undefined> {
  const { files } = row;
  const { folder, log } = left;
  let records: Record[] | undefined;
  await faults.of("the output cannot be read", async () => {
    records = await readRecords(`${folder}/${files.output}`);
  });
  if (records === undefined) return undefined;
  checkNumbers(row, records, faults);
  for (const record of records) checkRecord(row, record, left, faults);
  if (left.before !== undefined) checkRetried(left.before, records, faults);
  await faults.of("the summary is not JSON", () => {
    checkSummary(records!, JSON.parse(left.summary), faults);
    return Promise.resolve();
  });
  const { failures, bodies } = files;
  if (failures !== undefined) {
    await faults.of(
      "the failures cannot be read",
      () => checkFailures(`${folder}/${failures}`, records!, faults),
    );
  }
  const said = (record: Record): string[] => listAnswers(row, record, log).map(({ body }) => body);
  if (bodies?.endsWith(".warc.gz")) {
    await faults.of(
      "the archive cannot be read",
      () =>
        checkArchive(row, {
          path: `${folder}/${bodies}`,
          records: records!,
          said,
          isRetried: left.before !== undefined,
        }, faults),
    );
  } else if (bodies !== undefined) {
    await faults.of(
      "the bodies cannot be read",
      () => checkBodies(`${folder}/${bodies}`, records!, said, faults),
    );
  }
  checkLeftovers(row, folder, faults);
  return records;
}

/** The name of a record among those of its run. */
const toName = ({ i, step }: Pick<Record, "i" | "step">): string =>
  `${i}${step === null ? "" : `/${step}`}`;

function checkNumbers({ numbers, steps }: Case, records: readonly Record[], faults: Faults): void {
  const seen = new Set<string>();
  for (const record of records) {
    const name = toName(record);
    faults.unless(!seen.has(name), "a record is there twice", () => name);
    seen.add(name);
  }
  let missing = 0;
  for (const i of numbers) {
    for (let step = 0; step < steps; step++) {
      const name = toName({ i, step: steps === 1 ? null : `${step}` });
      faults.unless(seen.has(name), "a record is missing", () => name);
      if (!seen.has(name)) missing++;
    }
  }
  const strange = seen.size - (numbers.length * steps - missing);
  faults.unless(strange === 0, "records are of no request", () => `${strange}`);
}

function toSlot({ steps }: Case, { i, step }: Record): number {
  return i * steps + Number(step ?? 0);
}

/** What the server said to a request, each time. */
function listAnswers(row: Case, record: Record, log: Log): ReturnType<Log["answer"]>[] {
  const slot = toSlot(row, record);
  return Array.from({ length: log.counts[slot] ?? 0 }, (_, turn) => log.answer(slot, turn));
}

/** Whether a record says what the server said, once. */
function checkRecord(row: Case, record: Record, { url, log }: Left, faults: Faults): void {
  const { i, step, status, bytes, attempts, error } = record;
  const which = (): string => JSON.stringify(record);
  faults.unless(record.url === toUrl(row, url, i, Number(step ?? 0)), "a URL is wrong", which);
  const answers = listAnswers(row, record, log);
  faults.unless(attempts >= 1 && attempts <= row.attempts, "attempts are wrong", which);
  faults.unless(answers.length >= attempts, "more attempts than the server saw", which);
  if (status === null) {
    const isKnown = error === "body" || error === "protocol";
    faults.unless(
      isKnown && answers.some(({ isCut }) => isCut),
      "an error without a reason",
      which,
    );
    return;
  }
  const isSaid = answers.some((answer) =>
    !answer.isCut && answer.status === status && answer.body.length === bytes
  );
  faults.unless(isSaid, "a record does not say what the server said", which);
  const isFailure = status >= 400 && row.fails || status === 503 && row.attempts > 1;
  faults.unless(isFailure === (error !== null), "a record is wrong about success", which);
}

/** A retry replaces what had failed, and nothing else. */
function checkRetried(before: readonly Record[], records: readonly Record[], faults: Faults): void {
  const old = new Map(before.map((record) => [toName(record), record]));
  for (const record of records) {
    const one = old.get(toName(record));
    const isSame = JSON.stringify(one) === JSON.stringify(record);
    faults.unless(one?.error !== null || isSame, "a retry changed a success", () => toName(record));
    faults.unless(record.error === null, "a retry left a failure", () => toName(record));
  }
}

interface Summary {
  readonly requests: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly bytes: number;
  readonly attempts: number;
  readonly statuses: { readonly [status: string]: number };
  readonly errors: { readonly [kind: string]: { readonly count: number } };
}

/** The counts of the summary are those of the records. */
function checkSummary(
  records: readonly Record[],
  summary: Summary,
  faults: Faults,
): void {
  const failed = records.filter(({ error }) => error !== null);
  const tally = (keys: readonly (string | number | null)[]): string => {
    const counts = new Map<string, number>();
    for (const key of keys) if (key !== null) counts.set(`${key}`, (counts.get(`${key}`) ?? 0) + 1);
    return JSON.stringify([...counts].toSorted());
  };
  const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
  const expected: readonly (readonly [string, unknown, unknown])[] = [
    ["requests", summary.requests, records.length],
    ["succeeded", summary.succeeded, records.length - failed.length],
    ["failed", summary.failed, failed.length],
    ["bytes", summary.bytes, sum(records.map(({ bytes }) => bytes))],
    ["attempts", summary.attempts, sum(records.map(({ attempts }) => attempts))],
    [
      "statuses",
      JSON.stringify(Object.entries(summary.statuses).toSorted()),
      tally(records.map(({ status }) => status)),
    ],
    [
      "errors",
      JSON.stringify(
        Object.entries(summary.errors).map(([kind, { count }]) => [kind, count]).toSorted(),
      ),
      tally(records.map(({ error }) => error)),
    ],
  ];
  for (const [name, said, counted] of expected) {
    faults.unless(
      said === counted,
      `the summary's '${name}' is not that of the records`,
      () => `${said}, not ${counted}`,
    );
  }
}

/** Each failure is in the file of failures once. */
async function checkFailures(
  path: string,
  records: readonly Record[],
  faults: Faults,
): Promise<void> {
  const text = await Deno.readTextFile(path);
  const urls = text.split("\n").slice(0, -1).map((line) => JSON.parse(line).url as string);
  const failed = records.filter(({ error }) => error !== null).map(({ url }) => url);
  const isSame = JSON.stringify(urls.toSorted()) === JSON.stringify(failed.toSorted());
  faults.unless(
    isSame,
    "the failures are not those of the records",
    () => `${urls.length}, not ${failed.length}`,
  );
}

/** Nothing is left behind that only a run in progress needs. */
function checkLeftovers({ files }: Case, folder: string, faults: Faults): void {
  const { output, failures, bodies, cdx } = files;
  const [name, ending] = [output.slice(0, output.indexOf(".")), output.slice(output.indexOf("."))];
  const known = [output, `${output}.myriad`, failures, bodies, cdx ? "crawl.cdxj" : undefined];
  for (const { name: one } of Deno.readDirSync(folder)) {
    const isPart = one.startsWith(`${name}.0`) && one.endsWith(ending);
    const isSeries = /^crawl-\d{5}\.warc\.gz$/.test(one);
    faults.unless(
      isPart || isSeries || known.includes(one),
      "a file is left behind",
      () => one,
    );
  }
}
