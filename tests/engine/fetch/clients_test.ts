import { assert, assertEquals } from "@std/assert";
import { Clients } from "../../../lib/engine/fetch/clients.ts";
import { FetchEngine } from "../../../lib/engine/fetch/fetch.ts";
import { ENGINE_OPTIONS } from "../../fixtures/engine_options.ts";
import { folder } from "../../fixtures/folder.ts";
import { makeRequest } from "../../fixtures/make_request.ts";
import { myriad } from "../../fixtures/program.ts";
import { ok, RawServer } from "../../fixtures/raw_server.ts";
import { target } from "../../fixtures/target.ts";
import { until } from "../../fixtures/until.ts";

// How many connections native fetch keeps, and to which hosts.

/** Answers at every address of 127/8, except what is asked for `/never`. */
const everywhere = (): Promise<RawServer> =>
  RawServer.start(({ send, request }) => {
    if (!request.startsWith("GET /never")) send(ok());
  }, "0.0.0.0");

/** A URL of the nth host. */
const urlOf = ({ port }: RawServer, nth: number, path = "/"): string =>
  `http://127.1.${nth >> 7}.${(nth & 127) + 1}:${port}${path}`;

const CONCURRENCY = 10;
/** Idle connections at most, and those in flight. */
const MOST = 2 * CONCURRENCY + 128 + CONCURRENCY;

for (
  const [what, isPinned, method] of [
    ["that answer", false, "GET"],
    ["while one request gets no answer", true, "GET"],
    ["that are asked by POST", false, "POST"],
  ] as const
) {
  Deno.test(`fetch engine bounds its connections to many hosts ${what}`, async () => {
    await using server = await everywhere();
    const engine = new FetchEngine({ ...ENGINE_OPTIONS, concurrency: CONCURRENCY });
    const pinned = isPinned ? makeRequest(engine, target(urlOf(server, 0, "/never"))) : undefined;
    let next = 1;
    let most = 0;
    const work = async (): Promise<void> => {
      while (next < 600) {
        const { status } = await makeRequest(engine, target(urlOf(server, next++), { method }));
        assertEquals(status, 200);
        most = Math.max(most, server.open);
      }
    };
    await Promise.all(Array.from({ length: CONCURRENCY - 1 }, work));
    // Some more are about to be closed.
    assert(most <= MOST + 50, `${most}`);
    engine.cancel();
    await pinned;
    engine.close();
    await until(() => server.open === 0);
  });
}

Deno.test("fetch engine keeps its connections to few hosts", async () => {
  await using server = await everywhere();
  const engine = new FetchEngine({ ...ENGINE_OPTIONS, concurrency: CONCURRENCY });
  for (let round = 0; round < 3; round++) {
    for (let k = 0; k < 100; k++) await makeRequest(engine, target(urlOf(server, k)));
  }
  assertEquals([server.connections, server.open], [100, 100]);
  engine.close();
});

/** Clients that are made, and which of them are open, and keep idle connections. */
function made(mostConnections: number): { clients: Clients; open: boolean[] } {
  const open: boolean[] = [];
  const clients = new Clients((keepsIdle) => {
    const nth = open.push(keepsIdle) - 1;
    return { close: () => void delete open[nth] } as Deno.HttpClient;
  }, mostConnections);
  return { clients, open };
}

Deno.test("Clients keeps its first client while there are few hosts", () => {
  const { clients, open } = made(8);
  for (let k = 0; k < 100; k++) {
    const uses = ["a", "b", "a", "b", "a", "b"].map((origin) => clients.begin(origin));
    for (const use of uses) clients.end(use);
  }
  assertEquals(open, [true]);
  clients.closeIdle();
  assertEquals(Object.entries(open), [["1", true]]);
});

Deno.test("Clients counts one connection for each simultaneous request to a host", () => {
  const { clients, open } = made(8);
  for (const origin of ["a", "b"]) {
    const uses = Array.from({ length: 4 }, () => clients.begin(origin));
    for (const use of uses) clients.end(use);
  }
  assertEquals(Object.entries(open), [["0", true]]);
  clients.end(clients.begin("a"));
  assertEquals(Object.entries(open), [["1", true]]);
});

Deno.test("Clients pools no connection while a closed client has requests in flight", () => {
  const { clients, open } = made(2);
  const slow = clients.begin("a");
  for (let k = 0; k < 100; k++) clients.end(clients.begin(`${k}`));
  assertEquals(Object.entries(open), [["1", false]]);
  clients.closeIdle();
  assertEquals(Object.entries(open), [["1", false]]);
  clients.end(slow);
  clients.begin("b");
  assertEquals(Object.entries(open), [["2", true]]);
  // Nothing idles.
  clients.closeIdle();
  assertEquals(Object.entries(open), [["2", true]]);
});

for (const concurrency of ["20", "150"]) {
  Deno.test(`--engine fetch -c ${concurrency} finishes with more hosts than sockets`, async () => {
    await using server = await everywhere();
    await using dir = await folder();
    const list = Array.from({ length: 1000 }, (_, nth) => `${urlOf(server, nth)}\n`);
    const urls = await dir.write("urls.txt", list.join(""));
    const out = dir.path("out.ndjson");
    const args = ["-i", urls, "-c", concurrency, "--engine", "fetch", "-o", out];
    const { code, stderr } = await myriad(args, { limits: "ulimit -n 256" });
    assertEquals(code, 0, stderr);
    const records = (await Deno.readTextFile(out)).trimEnd().split("\n");
    assertEquals(new Set(records.map((line) => JSON.parse(line).url)).size, 1000);
  });
}
