import { assertEquals } from "@std/assert";
import type { Connection } from "../../../lib/engine/sockets/connection.ts";
import { SharedConnections } from "../../../lib/engine/sockets/shared_connections.ts";

/** A connection with what a test says of it. */
function connection(
  more: Partial<Record<"limit" | "room" | "busy" | "uses" | "endedAfter", number>>,
): Connection {
  return { room: 0, busy: 0, uses: 0, ...more } as Connection;
}

function shared(...connections: Connection[]): SharedConnections {
  const all = new SharedConnections();
  for (const one of connections) all.add(one);
  return all;
}

Deno.test("SharedConnections.room is infinite while nobody knows how many streams there are", () => {
  const full = connection({ limit: 10, room: 0, busy: 10 });
  const half = connection({ limit: 10, room: 5, busy: 5 });
  const silent = connection({ room: 100, busy: 4 });
  assertEquals(shared().room, 0);
  assertEquals(shared(full, half).room, 5);
  assertEquals(shared(full, silent).room, Infinity);
  // Others have said it by then.
  const all = shared(full, silent);
  all.limit = 10;
  assertEquals(all.room, 6);
  assertEquals(all.roomOn(silent), 6);
  // It will say when it takes requests.
  assertEquals(shared(connection({ limit: 0 })).room, Infinity);
});

Deno.test("SharedConnections.learnLimit() takes the smallest limit of open connections", () => {
  const [a, b] = [connection({}), connection({})];
  const all = shared(a, b);
  assertEquals([all.learnLimit(a), all.limit], [false, undefined]);
  Object.assign(a, { limit: 100 });
  assertEquals([all.learnLimit(a), all.limit], [true, 100]);
  Object.assign(b, { limit: 10 });
  assertEquals([all.learnLimit(b), all.limit], [true, 10]);
  // It changes once, and not in turn.
  assertEquals([all.learnLimit(a), all.learnLimit(b), all.limit], [false, false, 10]);
  Object.assign(b, { limit: 5 });
  assertEquals([all.learnLimit(b), all.limit], [true, 5]);
  all.delete(b);
  assertEquals(all.limit, 100);
  all.delete(a);
  // The next connection probably has the same.
  assertEquals(all.limit, 100);
});

Deno.test("SharedConnections.find() uses one connection until it is full", () => {
  const [a, b] = [connection({ limit: 2, room: 2 }), connection({ limit: 2, room: 2 })];
  const all = shared(a, b);
  assertEquals(all.find() === b, true);
  Object.assign(b, { room: 0 });
  assertEquals(all.find() === a, true);
  Object.assign(b, { room: 1 });
  // Nobody was told.
  assertEquals(all.find() === a, true);
  all.onRoom(b);
  assertEquals(all.find() === b, true);
  assertEquals([all.delete(b), all.delete(b), all.size], [true, false, 1]);
  Object.assign(a, { room: 0 });
  assertEquals(all.find(), undefined);
});

Deno.test("SharedConnections.learnEnd() keeps a number as long as servers end connections with it", () => {
  const all = shared();
  all.limit = 100;
  assertEquals([all.maxRequests, all.renewAt, all.perConnection], [undefined, Infinity, 100]);
  all.learnEnd(connection({ uses: 1_040, endedAfter: 1_000 }));
  assertEquals([all.maxRequests, all.renewAt, all.perConnection], [1_000, 900, 100]);
  all.learnEnd(connection({ uses: 1_000, endedAfter: 1_000 }));
  assertEquals(all.maxRequests, 1_000);
  // It was closed for another reason.
  all.learnEnd(connection({ uses: 17 }));
  assertEquals(all.maxRequests, 1_000);
  all.learnEnd(connection({ uses: 10, endedAfter: 10 }));
  assertEquals([all.maxRequests, all.renewAt, all.perConnection], [10, 5, 10]);
  all.learnEnd(connection({ uses: 10 }));
  assertEquals([all.maxRequests, all.renewAt, all.perConnection], [undefined, Infinity, 100]);
});

Deno.test("SharedConnections.isMissed() asks whether the others have room", () => {
  const ending = connection({ limit: 10, busy: 8, uses: 990 });
  const other = connection({ limit: 10, room: 8, busy: 2, uses: 100 });
  assertEquals(shared(ending).isMissed(ending), true);
  assertEquals(shared(ending, other).isMissed(ending), false);
  const all = shared(ending, other);
  all.renewAt = 50;
  assertEquals(all.isMissed(ending), true);
  assertEquals(shared(other).isMissed(connection({ busy: 0 })), false);
});

Deno.test("SharedConnections.trustHead() lets requests share with some more bytes than were taken", () => {
  const all = shared();
  assertEquals(all.maxHeadBytes, 4_096);
  all.trustHead(6_000);
  assertEquals(all.maxHeadBytes, 6_600);
  all.trustHead(5_000);
  assertEquals(all.maxHeadBytes, 6_600);
});
