import { assert, assertEquals } from "@std/assert";
import { ProtocolError } from "../../../lib/engine/http1/head.ts";
import { SocketEngine } from "../../../lib/engine/sockets/socket_engine.ts";
import { PortableTransports } from "../../../lib/engine/transport/portable.ts";
import { ResponseReader } from "../../../lib/engine/http1/response.ts";
import type { EngineOptions } from "../../../lib/engine/options.ts";
import type { Result } from "../../../lib/result.ts";
import type { Target } from "../../../lib/target.ts";
import { Dice } from "../../fixtures/dice.ts";
import { makeRequest } from "../../fixtures/make_request.ts";
import { target as targetOf } from "../../fixtures/target.ts";
import { tick, WildServer } from "../../fixtures/wild_server.ts";

// Mutated answers over real sockets. What has to come of each is known beforehand, since the pure
// reader says what its bytes are; and between them are requests whose answers are not mutated,
// over the same connections.

/** Another one than usual, to look further: `MYRIAD_FUZZ_SEED=7 deno test …`. */
const SEED = Number(Deno.env.get("MYRIAD_FUZZ_SEED") ?? 20_240_611);
const CASES = 1_500;
const FLOODS = 120;
const MAX_BODY_BYTES = 1 << 16;
/** More than a loaded machine needs. Where nothing else ends a request, it fails the test. */
const LONG_MS = 30_000;

const TO = "/to/here";
const CHUNKED = "Transfer-Encoding: chunked\r\n";
const POISON = `HTTP/1.1 599 Poison\r\nContent-Length: 99\r\n\r\n${"p".repeat(99)}`;
const INTERIM = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n";

/** Valid answers, each to be mutated. */
const VALID: [method: string, answer: string][] = [
  ["GET", `HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 37\r\n\r\n${"a".repeat(37)}`],
  ["GET", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"],
  ["GET", "HTTP/1.1 200 OK\nContent-Length: 3\n\nabc"],
  ["GET", `HTTP/1.1 200 OK\r\nContent-Length: ${POISON.length}\r\n\r\n${POISON}`],
  [
    "GET",
    `HTTP/1.1 200 OK\r\n${CHUNKED}\r\n5;x="y"\r\nabcde\r\n1A\r\n${"z".repeat(26)}\r\n0\r\n\r\n`,
  ],
  ["GET", `HTTP/1.1 203 OK\r\n${CHUNKED}Trailer: T\r\n\r\n3\r\nabc\r\n0\r\nT: u\r\nV: w\r\n\r\n`],
  [
    "GET",
    `HTTP/1.1 200 OK\r\n${CHUNKED}\r\n${POISON.length.toString(16)}\r\n${POISON}\r\n0\r\n\r\n`,
  ],
  ["GET", `HTTP/1.1 200 OK\r\n${CHUNKED}Content-Length: 3\r\n\r\n3\r\nabc\r\n0\r\n\r\n`],
  ["GET", `HTTP/1.1 200 OK\r\nX: y\r\n\r\n${"until the end ".repeat(9)}`],
  ["GET", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nabcde"],
  ["GET", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nabcde"],
  ["GET", "HTTP/1.1 200 OK\r\nConnection: x, close\r\nContent-Length: 5\r\n\r\nabcde"],
  ["GET", "HTTP/1.1 204 No Content\r\nX: y\r\n\r\n"],
  ["GET", 'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\nContent-Length: 999\r\n\r\n'],
  ["GET", `HTTP/1.1 100 Continue\r\n\r\n${INTERIM}HTTP/1.1 201 X\r\nContent-Length: 2\r\n\r\nab`],
  ["GET", `HTTP/1.1 302 Found\r\nLocation: ${TO}\r\nContent-Length: 4\r\n\r\nmove`],
  ["GET", `HTTP/1.1 308 X\r\nLocation: here?x#y\r\n${CHUNKED}\r\n4\r\nmove\r\n0\r\n\r\n`],
  ["HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n"],
  ["HEAD", `HTTP/1.1 200 OK\r\n${CHUNKED}\r\n`],
  ["POST", "HTTP/1.1 201 Created\r\nLocation: /x\r\nContent-Length: 7\r\n\r\ncreated"],
  ["POST", `HTTP/1.1 303 See\r\nLocation: ${TO}\r\nContent-Length: 0\r\n\r\n`],
];

const SPICE = [
  ..."\r\n\0 :;\t,+-_09afAFxX\x7f\x80\xa0\xff",
  ...["\r\n", "\r\n\r\n", "\n\n", "\r\n ", "0\r\n\r\n", "HTTP/1.1 ", "Content-Length: 1\r\n"],
  ...[CHUNKED, "Connection: close\r\n", "Content-Length: 9007199254740991\r\n", "chunked, "],
];

/** Changes an answer in one way. */
function mutate(answer: string, dice: Dice): string {
  const from = dice.below(answer.length + 1);
  const to = Math.min(answer.length, from + 1 + dice.below(dice.of([1, 4, 40])));
  const [before, range, after] = [answer.slice(0, from), answer.slice(from, to), answer.slice(to)];
  switch (dice.below(12)) {
    case 0: // Flip a byte's bit.
      return from === to ? answer : before +
        String.fromCharCode(answer.charCodeAt(from) ^ (1 << dice.below(8))) +
        answer.slice(from + 1);
    case 1:
      return before + after;
    case 2:
      return before + range + range + after;
    case 3:
    case 4:
      return before + dice.of(SPICE) + range + after;
    case 5:
      return before + dice.of(SPICE) + after;
    case 6: { // The end of another one.
      const [, other] = dice.of(VALID);
      return before + other.slice(dice.below(other.length));
    }
    case 7:
      return dice.below(4) === 0 ? before : answer;
    case 8: { // Another number for one of those that stand there: a length, a size, a status.
      const numbers = [...answer.matchAll(/[0-9a-f]+(?=[\r;])/gi)];
      if (numbers.length === 0) return answer;
      const { 0: number, index } = dice.of(numbers);
      const other = dice.of(["0", "1", "2", "5", "a", "26", "100", "99999999", "-1", "0005"]);
      return answer.slice(0, index) + other + answer.slice(index + number.length);
    }
    case 9:
      return answer + POISON;
    case 10:
      return answer + dice.of([...SPICE, answer]);
    default:
      return INTERIM.repeat(dice.of([1, 2, 16, 17])) + answer;
  }
}

/** What happens to the connection when the answer is sent. */
type Ending = "end" | "reset" | "open";

/** What an answer's bytes are, by the reader alone. */
type Reading =
  | { is: "done"; status: number; size: number; follows: boolean; taken: number; keeps: boolean }
  | { is: "error"; error: "protocol" | "body" }
  | { is: "open"; status: number | undefined; size: number; follows: boolean; ends: boolean };

function readingOf(answer: string, isHead: boolean): Reading {
  const bytes = Uint8Array.from(answer, (character) => character.charCodeAt(0));
  const reader = new ResponseReader();
  reader.begin(isHead);
  let taken: number;
  try {
    taken = reader.feed(bytes, bytes.length);
  } catch (error) {
    assert(error instanceof ProtocolError, String(error));
    return { is: "error", error: reader.head === undefined ? "protocol" : "body" };
  }
  const { head, size, isDone, endsWithConnection: ends } = reader;
  if (head !== undefined && Math.max(head.length, size) > MAX_BODY_BYTES) {
    return { is: "error", error: "body" };
  }
  const follows = head !== undefined && head.location !== null &&
    [301, 302, 303, 307, 308].includes(head.status);
  if (isDone) {
    const keeps = head!.persistent && taken === bytes.length;
    return { is: "done", status: head!.status, size, follows, taken, keeps };
  }
  return { is: "open", status: head?.status, size, follows, ends };
}

/** One mutated answer, and how it is sent. */
interface Case {
  readonly number: number;
  readonly method: string;
  readonly pieces: readonly string[];
  readonly ending: Ending;
  readonly reading: Reading;
}

function caseOf(number: number): Case {
  const dice = new Dice(SEED + number * 7919);
  const [method, valid] = dice.of(VALID);
  let answer = valid;
  for (let changes = dice.below(5); changes > 0; changes--) answer = mutate(answer, dice);
  const reading = readingOf(answer, method === "HEAD");
  // What is behind an answer comes with its last byte. What comes later, no client can tell from
  // the answer to its next request.
  const last = reading.is === "done" ? reading.taken : answer.length;
  const places = new Set<number>();
  for (let count = dice.of([0, 0, 1, 3, 20]); count > 0; count--) places.add(dice.below(last));
  const cuts = [0, ...[...places].sort((one, other) => one - other), answer.length];
  const pieces = cuts.slice(1).map((to, k) => answer.slice(cuts[k], to));
  const ending = dice.of(["open", "open", "open", "end", "end", "reset"] as const);
  return { number, method, pieces, ending, reading };
}

/** Whether nothing but the engine's time ends it. */
function hangs({ ending, reading }: Case): boolean {
  return ending === "open" && reading.is === "open";
}

function textOf({ number, method, pieces, ending, reading }: Case): string {
  return `MYRIAD_FUZZ_SEED=${SEED}, case ${number}: ${method}, then ${ending}: ` +
    `${JSON.stringify(pieces)} is ${JSON.stringify(reading)}`;
}

const TO_STATUS = 298;
const TO_SIZE = 98;

/** What has to come of a case that was answered: one of these statuses and sizes, or errors. */
function expectedOf({ method, ending, reading }: Case): (number | string)[][] {
  const whole = (status: number, size: number, follows: boolean): (number | string)[][] =>
    follows
      // It was changed as well, and may lead away, or over a connection that ends.
      ? [[TO_STATUS, method === "HEAD" ? 0 : TO_SIZE], ["redirect"], ["url"], ["reset"]]
      : [[status, size]];
  // A reset may overtake what was sent before it.
  const cut = ending === "reset" ? [["reset"], ["body"]] : [];
  switch (reading.is) {
    case "done":
      return [...whole(reading.status, reading.size, reading.follows), ...cut];
    case "error":
      return [[reading.error], ...cut];
    case "open":
      if (ending === "open") return [["timeout"]];
      if (ending === "reset") return cut;
      if (reading.ends) return whole(reading.status!, reading.size, reading.follows);
      return [[reading.status === undefined ? "reset" : "body"]];
  }
}

/** The status and the size of the answer to a control request; no mutated one has its like. */
function controlOf(number: number): [status: number, size: number] {
  return [210 + number % 80, 1_000 + number % 977];
}

function answerOf(status: number, size: number, isHead = false): string {
  return `HTTP/1.1 ${status} Own\r\nContent-Length: ${size}\r\n\r\n${
    isHead ? "" : "c".repeat(size)
  }`;
}

/** A server that answers `/m/7/` by case 7, `/c/7/` as control 7, and all else as what was led to. */
class FuzzServer {
  readonly #cases: ReadonlyMap<number, Case>;
  /** Cases that were answered over a connection that this end had not ended. */
  readonly answered = new Set<number>();
  /** Controls that were answered over a connection that had been used before. */
  reused = 0;
  /** What the engine must not do. */
  readonly wrongs: string[] = [];
  /** How often each case was asked for over such a connection. */
  readonly #asked = new Map<number, number>();

  constructor(cases: ReadonlyMap<number, Case>) {
    this.#cases = cases;
  }

  start(): Promise<WildServer> {
    return WildServer.start(async (peer) => {
      let nth = 0;
      for (let request; (request = await peer.request()) !== undefined; nth++) {
        const [method, path] = request.split(" ", 2);
        const [, kind, number] = /^\/([mc])\/(\d+)\/$/.exec(path) ?? [];
        const one = kind === "m" ? this.#cases.get(Number(number)) : undefined;
        if (one !== undefined) {
          this.#count(one);
          await sendCase(one);
          if (one.ending !== "open") return;
          // Whatever has come of it, nothing may follow.
          const keeps = one.reading.is === "done" && one.reading.keeps;
          if (!keeps && await peer.until(() => peer.received !== "")) {
            this.wrongs.push(`used again: ${textOf(one)}`);
          }
        } else if (kind === "c") {
          if (nth > 0) this.reused++;
          await peer.send(answerOf(...controlOf(Number(number))));
        } else {
          await peer.send(answerOf(TO_STATUS, TO_SIZE, method === "HEAD"));
        }
      }

      async function sendCase({ pieces, ending }: Case): Promise<void> {
        for (const [k, piece] of pieces.entries()) {
          if (k > 0) await tick();
          await peer.send(piece);
        }
        if (ending !== "open") peer[ending]();
      }
    });
  }

  #count(one: Case): void {
    const { number, method, reading } = one;
    this.answered.add(number);
    const count = (this.#asked.get(number) ?? 0) + 1;
    this.#asked.set(number, count);
    // What leads to itself again is asked for again; else only what may be sent twice.
    const leads = reading.is !== "error" && reading.follows;
    if (!leads && count > (method === "POST" ? 1 : 2)) {
      this.wrongs.push(`asked for ${count} times: ${textOf(one)}`);
    }
  }
}

function create(server: WildServer, options: Partial<EngineOptions>): SocketEngine {
  return new SocketEngine(
    {
      concurrency: 100,
      timeoutMs: LONG_MS,
      redirects: 3,
      maxBodyBytes: MAX_BODY_BYTES,
      // A mutated Location leads nowhere else.
      permits: (url) => url.startsWith(server.url()),
      ...options,
    },
    "http1",
    new PortableTransports(),
  );
}

function target(url: string, method = "GET"): Target {
  const body = method === "POST" ? new TextEncoder().encode("x=1") : undefined;
  return targetOf(url, { method, body });
}

function outcomeOf({ status, error, size }: Result): (number | string)[] {
  return error === undefined ? [status!, size] : [error];
}

const isOneOf = (outcome: unknown[], expected: unknown[][]): boolean =>
  expected.some((one) => JSON.stringify(one) === JSON.stringify(outcome));

/** Makes all the cases, so many at a time, and a control request behind each. */
async function run(
  cases: readonly Case[],
  atOnce: number,
  options: Partial<EngineOptions>,
): Promise<{ controls: Result[]; reused: number }> {
  const fuzz = new FuzzServer(new Map(cases.map((one) => [one.number, one])));
  await using server = await fuzz.start();
  const engine = create(server, options);
  const controls: Result[] = [];
  const waiting = cases.values();
  const work = async (): Promise<void> => {
    for (let next = waiting.next(); !next.done; next = waiting.next()) {
      const one = next.value;
      const hit = makeRequest(engine, target(server.url(`/m/${one.number}/`), one.method));
      // One at the same time as the mutated answer, and one behind it.
      const control = makeRequest(engine, target(server.url(`/c/${one.number * 2}/`)));
      const result = await hit;
      // What met a connection that was ending, twice or by POST, never had its answer; and where
      // requests have little time, a loaded machine may not have come to it.
      const unanswered = options.timeoutMs === undefined ? "reset" : "timeout";
      const expected = fuzz.answered.has(one.number) ? expectedOf(one) : [[unanswered]];
      const outcome = outcomeOf(result);
      assert(
        isOneOf(outcome, expected),
        `${JSON.stringify(outcome)} (${result.detail}), not one of ${JSON.stringify(expected)}: ${
          textOf(one)
        }`,
      );
      const last = await makeRequest(engine, target(server.url(`/c/${one.number * 2 + 1}/`)));
      controls.push(await control, last);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  for (const result of controls) {
    const number = Number(result.target.url.split("/").at(-2));
    const expected = [controlOf(number), ["reset"]];
    // Where requests have little time, a loaded machine may need more.
    if (options.timeoutMs !== undefined) expected.push(["timeout"]);
    assert(
      isOneOf(outcomeOf(result), expected),
      `seed ${SEED}, control ${number}: ${JSON.stringify(outcomeOf(result))} ${result.detail}`,
    );
  }
  engine.close();
  await server.closed();
  assertEquals(fuzz.wrongs, []);
  return { controls, reused: fuzz.reused };
}

const all = Array.from({ length: CASES }, (_, number) => caseOf(number));

Deno.test("http1 engine reads each mutated response by its own bytes alone", async () => {
  const cases = all.filter((one) => !hangs(one));
  // None of the kinds is left out.
  for (const is of ["done", "error", "open"]) {
    assert(cases.filter(({ reading }) => reading.is === is).length > CASES / 20, is);
  }
  const { controls, reused } = await run(cases, 12, {});
  const answered = controls.filter(({ error }) => error === undefined).length;
  assert(answered > controls.length / 2, `${answered} of ${controls.length} controls`);
  assert(reused > controls.length / 20, `${reused} of ${controls.length} controls`);
});

Deno.test("http1 engine's timeout ends mutated responses that do not end by themselves", async () => {
  const cases = all.filter(hangs);
  assert(cases.length > CASES / 20, String(cases.length));
  await run(cases, 100, { timeoutMs: 300 });
});

Deno.test("http1 engine ends endless mutated responses without a timeout, and keeps little", async () => {
  const heldBytes = (): number => {
    const { heapUsed, external } = Deno.memoryUsage();
    return heapUsed + external;
  };
  const floods = Array.from({ length: FLOODS }, (_, number) => {
    const dice = new Dice(SEED - 1 - number * 104_729);
    const [method, valid] = dice.of(VALID);
    let answer = valid;
    for (let changes = dice.below(3); changes > 0; changes--) answer = mutate(answer, dice);
    // A start of it, and then some of its bytes again and again.
    const end = 1 + dice.below(answer.length);
    const from = Math.max(0, end - 1 - dice.below(dice.of([1, 5, 50])));
    return { method, start: answer.slice(0, end), again: answer.slice(from, end) || "x" };
  });
  await using server = await WildServer.start(async (peer) => {
    const path = (await peer.request())?.split(" ", 2)[1];
    const number = /^\/m\/(\d+)\/$/.exec(path ?? "")?.[1];
    // Where a redirect leads to, it ends as well.
    const { start, again } = number === undefined
      ? { start: "", again: "x" }
      : floods[Number(number)];
    await peer.send(start);
    await peer.flood(again.repeat(Math.ceil(8_192 / again.length)));
  });
  const engine = create(server, { maxBodyBytes: 1 << 20 });
  const before = heldBytes();
  let most = before;
  const numbers = floods.entries();
  const work = async (): Promise<void> => {
    for (let next = numbers.next(); !next.done; next = numbers.next()) {
      const [number, { method, start, again }] = next.value;
      const { error } = await makeRequest(engine, target(server.url(`/m/${number}/`), method));
      most = Math.max(most, heldBytes());
      assert(
        error !== "timeout",
        `MYRIAD_FUZZ_SEED=${SEED}, flood ${number}: ${method} ${JSON.stringify([start, again])}`,
      );
    }
  };
  await Promise.all(Array.from({ length: 10 }, work));
  // None of them is kept for the next request.
  await server.closed();
  assertEquals(server.open, 0);
  assert(most - before < 128 << 20, `${(most - before) >> 20} MB`);
  engine.close();
});
