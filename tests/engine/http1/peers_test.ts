import { assert, assertEquals } from "@std/assert";
import { SocketEngine } from "../../../lib/engine/sockets/socket_engine.ts";
import { PortableTransports } from "../../../lib/engine/transport/portable.ts";
import type { Result } from "../../../lib/result.ts";
import type { Target } from "../../../lib/target.ts";
import { isInstalled } from "../../fixtures/installed.ts";
import { makeRequest } from "../../fixtures/make_request.ts";
import {
  type PeerProcess,
  startNginx,
  startNode,
  startPython,
} from "../../fixtures/peer_servers.ts";
import { refusedPort } from "../../fixtures/raw_server.ts";
import { target } from "../../fixtures/target.ts";

// Servers that others wrote: Node's, Python's and nginx, each a process of its own.

function create(): SocketEngine {
  return new SocketEngine(
    {
      concurrency: 20,
      timeoutMs: 30_000,
      redirects: 5,
      maxBodyBytes: 1 << 24,
    },
    "http1",
    new PortableTransports(),
  );
}

function outcomeOf({ status, error, size }: Result): [number | string | undefined, number] {
  return [status ?? error, size];
}

/** Whether a peer is there: a program by the name of its kind. */
function isThere(name: string): boolean {
  if (name.startsWith("nginx")) return isInstalled("nginx", "nginx-light");
  return name.startsWith("python") ? isInstalled("python3") : isInstalled("node", "nodejs");
}

const MEGABYTE = 1_000_000;

/** An nginx that answers as the other peers do. */
const startPeerNginx = (port?: number, keepaliveRequests = 1_000): Promise<PeerProcess> =>
  startNginx(
    ({ directory, port }) => `
      default_type text/plain;
      types { text/html shtml; }
      keepalive_requests ${keepaliveRequests};
      keepalive_timeout 60s;
      client_max_body_size 10m;
      sendfile on;
      server {
        listen 127.0.0.1:${port};
        root ${directory}/root;
        location /chunked { ssi on; }
        location /status/304 { return 304; }
        location /status/204 { return 204; }
        location /redirect/301 { return 301 /n/77; }
        location /redirect/302 { return 302 /n/77; }
        location /redirect/308 { return 308 http://127.0.0.1:${port}/n/77; }
        location /close/ { keepalive_timeout 0; }
        location /received/ { return 201 "y"; }
      }`,
    (directory) => writeRoot(`${directory}/root`),
    port,
  );

/** Files of the sizes that the other peers make by themselves. */
async function writeRoot(root: string): Promise<void> {
  for (const directory of ["n", "chunked", "close"]) {
    await Deno.mkdir(`${root}/${directory}`, { recursive: true });
  }
  for (const size of [0, 1, 77, 1_234, MEGABYTE]) {
    await Deno.writeTextFile(`${root}/n/${size}`, "n".repeat(size));
    await Deno.writeTextFile(`${root}/close/${size}`, "n".repeat(size));
    // Not known before it is interpreted, so it comes in chunks.
    const text = "c".repeat(size);
    await Deno.writeTextFile(
      `${root}/chunked/${size}.shtml`,
      `<!--# set var="x" value="y" -->${text}`,
    );
  }
}

/** Makes requests, 20 at a time, and gives what came of each. */
async function hitAll(engine: SocketEngine, targets: readonly Target[]): Promise<Result[]> {
  const results: Result[] = [];
  const waiting = targets.entries();
  const work = async (): Promise<void> => {
    for (let next = waiting.next(); !next.done; next = waiting.next()) {
      const [k, target] = next.value;
      results[k] = await makeRequest(engine, target);
    }
  };
  await Promise.all(Array.from({ length: 20 }, work));
  return results;
}

const BODY = new Uint8Array(100_000).fill(0x62);

/** What every peer is asked, and the status and size of its answer. */
const ASKED: [path: string, status: number, size: number, more?: Partial<Target>][] = [
  ["/n/0", 200, 0],
  ["/n/1", 200, 1],
  ["/n/1234", 200, 1_234],
  ["/n/1234", 200, 0, { method: "HEAD" }],
  [`/n/${MEGABYTE}`, 200, MEGABYTE],
  [`/n/${MEGABYTE}`, 200, 0, { method: "HEAD" }],
  ["/chunked/0", 200, 0],
  ["/chunked/1234", 200, 1_234],
  [`/chunked/${MEGABYTE}`, 200, MEGABYTE],
  ["/chunked/1234", 200, 0, { method: "HEAD" }],
  ["/hints/1234", 200, 1_234],
  ["/status/204", 204, 0],
  ["/status/304", 304, 0],
  ["/nothing", 404, NaN],
  ["/nothing", 404, 0, { method: "HEAD" }],
  ["/redirect/301", 200, 77],
  ["/redirect/302", 200, 77],
  ["/redirect/308", 200, 77],
  ["/redirect/302", 200, 0, { method: "HEAD" }],
  ["/redirect/302", 200, 77, { method: "POST", body: BODY }],
  ["/close/1234", 200, 1_234],
  [`/close/${MEGABYTE}`, 200, MEGABYTE],
  ["/close/1234", 200, 0, { method: "HEAD" }],
  [`/received/${BODY.length}`, 201, 1, { method: "POST", body: BODY }],
  ["/received/0", 201, 1, { method: "POST" }],
];

interface PeerKind {
  /** @param port the port to listen on; any if it is left out */
  start(port?: number): Promise<PeerProcess>;
  /** What it is not asked. */
  without: RegExp;
  /** What a path is called there. */
  pathOf(path: string): string;
}

const PEERS: Record<string, PeerKind> = {
  node: { start: startNode, without: /^$/, pathOf: (path) => path },
  python: { start: startPython, without: /^$/, pathOf: (path) => path },
  nginx: {
    start: startPeerNginx,
    without: /^\/hints/,
    pathOf: (path) => path.startsWith("/chunked/") ? `${path}.shtml` : path,
  },
};

/** Throws unless a result has a status and a size; any size but 0 if it is NaN. */
function assertAnswer(result: Result, status: number, size: number): void {
  const { method, url } = result.target;
  const expected = Number.isNaN(size) && result.size > 0 ? result.size : size;
  assertEquals(outcomeOf(result), [status, expected], `${method} ${url}: ${result.detail}`);
}

for (const [name, { start, without, pathOf }] of Object.entries(PEERS)) {
  const asked = ASKED.filter(([path]) => !without.test(path));

  Deno.test(`http1 engine gets the right response of ${name} to each of 300 requests`, {
    ignore: !isThere(name),
  }, async () => {
    await using peer = await start();
    const engine = create();
    // One after the other, over connections that the one before left...
    for (const [path, status, size, more] of asked) {
      assertAnswer(await makeRequest(engine, target(peer.url(pathOf(path)), more)), status, size);
    }
    // ... and all of them at once.
    const rows = Array.from({ length: 300 }, (_, k) => asked[k % asked.length]);
    const targets = rows.map(([path, , , more]) => target(peer.url(pathOf(path)), more));
    const results = await hitAll(engine, targets);
    for (const [k, [, status, size]] of rows.entries()) assertAnswer(results[k], status, size);
    engine.close();
  });

  Deno.test(`http1 engine reuses one connection to ${name}`, {
    ignore: !isThere(name),
  }, async () => {
    await using peer = await start();
    const engine = create();
    const rows = asked.filter(([path]) => !/^\/close|^\/nothing/.test(path));
    const used = new Set<unknown>();
    let fresh = 0;
    for (let round = 0; round < 4; round++) {
      for (const [path, status, size, more] of rows) {
        const result = await makeRequest(engine, target(peer.url(pathOf(path)), more));
        assertAnswer(result, status, size);
        used.add(result.via);
        if (!result.isReused) fresh++;
      }
    }
    engine.close();
    assertEquals([used.size, fresh], [1, 1]);
  });

  Deno.test(
    `http1 engine continues when ${name} was killed and is back`,
    { ignore: !isThere(name) },
    async () => {
      // Not one that systems give out: nobody takes it while the first is dead.
      const port = await refusedPort();
      const first = await start(port);
      const engine = create();
      const hit = (): Promise<Result> => makeRequest(engine, target(first.url("/n/1234")));
      const failures: Result[] = [];
      let answered = 0;
      let isOver = false;
      let wake = (): void => {};
      const until = async (condition: () => boolean): Promise<void> => {
        while (!condition()) await new Promise<void>((resolve) => wake = resolve);
      };
      const work = async (): Promise<void> => {
        while (!isOver) {
          const result = await hit();
          if (result.error === undefined) {
            assertAnswer(result, 200, 1_234);
            answered++;
          } else failures.push(result);
          wake();
        }
      };
      const working = Promise.all(Array.from({ length: 20 }, work));
      await until(() => answered >= 100);
      await first[Symbol.asyncDispose]();
      // 20 that were refused have been made after the end of it.
      await until(() => failures.filter(({ error }) => error === "refused").length >= 20);
      await using second = await start(port);
      assertEquals(second.port, port);
      const before = answered;
      await until(() => answered >= before + 100);
      isOver = true;
      await working;
      const kinds = [...new Set(failures.map(({ error }) => error!))];
      // The end can come between the head of an answer and its body, too.
      assert(kinds.every((kind) => ["refused", "reset", "body"].includes(kind)), kinds.join());
      // Nothing is left of the time between.
      const results = await hitAll(
        engine,
        Array.from({ length: 50 }, () => target(first.url("/n/1"))),
      );
      for (const result of results) assertAnswer(result, 200, 1);
      engine.close();
    },
  );
}

for (
  const [name, start] of [
    ["node", () => startNode(0, 3)],
    ["nginx", () => startPeerNginx(undefined, 3)],
  ] as const
) {
  Deno.test(
    `http1 engine has no failure when ${name} closes connections after 3 requests`,
    { ignore: !isThere(name) },
    async () => {
      await using peer = await start();
      const engine = create();
      const { pathOf } = PEERS[name];
      const asked = ASKED.filter(([path]) => !/^\/(hints|close)/.test(path));
      const rows = Array.from({ length: 300 }, (_, k) => asked[k % asked.length]);
      const targets = rows.map(([path, , , more]) => target(peer.url(pathOf(path)), more));
      const results = await hitAll(engine, targets);
      for (const [k, [, status, size]] of rows.entries()) assertAnswer(results[k], status, size);
      const uses = new Map<unknown, number>();
      for (const { via } of results) uses.set(via, (uses.get(via) ?? 0) + 1);
      // None was used more often, and most were used up.
      assert(Math.max(...uses.values()) <= 3);
      assert(results.some(({ isReused }) => isReused));
      engine.close();
    },
  );
}
