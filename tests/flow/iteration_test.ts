import { assert, assertEquals, assertMatch } from "@std/assert";
import { MAX_REQUESTS } from "../../lib/flow/iteration.ts";
import { flowScene } from "../fixtures/flow_run.ts";

const plain = () => new Response("ok");

Deno.test("Iteration makes each request a record with its number and its step, all together", async () => {
  await using scene = await flowScene(plain);
  const { records, flow, notices } = await scene.run(
    `export default async (i, client) => {
      await client.get("/a", { step: "a" });
      await client.get(new URL("/b", "${scene.url}"), { step: "b" });
      await client.request({ url: "/c?" + i });
    };`,
    ...["-n", "3", "-c", "2"],
  );
  const byIteration = Map.groupBy(records, ({ i }) => i);
  assertEquals([...byIteration.keys()].sort(), [0, 1, 2]);
  for (const [i, own] of byIteration) {
    assertEquals(own.map(({ step }) => step), ["a", "b", null]);
    assertEquals(own[2].url, `${scene.url}/c?${i}`);
    // They stand one behind the other.
    const first = records.indexOf(own[0]);
    assertEquals(records.slice(first, first + 3), own);
  }
  assertEquals([flow.iterations, flow.failed], [3, 0]);
  assertEquals(flow.steps.map(({ step, requests }) => [step, requests]), [["a", 3], ["b", 3]]);
  assertEquals(notices, []);
});

Deno.test("Iteration gives a generator the response of each request that it yields", async () => {
  await using scene = await flowScene((_, path) => new Response(`${path}+`));
  const { records, flow } = await scene.run(
    `export default async function* (i, client) {
      const a = yield "/a";
      const b = yield { url: a.text(), step: "b" };
      client.check("led on", b.text() === "/a++");
      try { yield 5; } catch (error) { client.check("refused", error instanceof TypeError); }
    }`,
  );
  assertEquals(records.map(({ url }) => new URL(url).pathname), ["/a", "/a+"]);
  assertEquals(flow.checks.map(({ check, passed }) => [check, passed]), [
    ["led on", 1],
    ["refused", 1],
  ]);
});

Deno.test("Iteration sends what the flow says, and hands out the whole response", async () => {
  await using scene = await flowScene(async (request, path) => {
    if (path === "/none") return new Response(null, { status: 204 });
    const body = await request.text();
    const type = request.headers.get("content-type");
    return Response.json({ method: request.method, type, body, own: request.headers.get("x-own") });
  });
  const { records, flow } = await scene.run(
    `export default async (i, client) => {
      const seen = [
        await client.post("/", { body: { a: 1 } }),
        await client.put("/", { body: new URLSearchParams({ a: "b c" }) }),
        await client.patch("/", { body: "text", headers: { "content-type": "text/x", "X-Own": "1" } }),
        await client.delete("/"),
        await client.request({ url: "/", method: "post", body: new Uint8Array([65]) }),
      ].map((response) => response.json());
      client.check("seen", JSON.stringify(seen) === JSON.stringify([
        { method: "POST", type: "application/json", body: '{"a":1}', own: null },
        { method: "PUT", type: "application/x-www-form-urlencoded", body: "a=b+c", own: null },
        { method: "PATCH", type: "text/x", body: "text", own: "1" },
        { method: "DELETE", type: null, body: "", own: null },
        { method: "POST", type: null, body: "A", own: null },
      ]) || console.log(seen));
      const head = await client.head("/", { expect: { status: 200 } });
      client.check("head", head.ok && head.text() === "" && head.header("Content-Type") === "application/json");
      const none = await client.get("/none", { expect: { status: 200 } });
      client.check("none", none.error === "expect" && none.status === 204 && none.bytes().length === 0);
      const wrong = await client.get("ftp://x/");
      client.check("wrong", wrong.error === "url" && wrong.status === null);
    };`,
  );
  assertEquals(flow.checks.filter(({ failed }) => failed > 0), []);
  assertEquals(records.map(({ error }) => error).filter((error) => error), ["expect", "url"]);
});

Deno.test("Iteration has cookies of its own, which redirects set, too", async () => {
  await using scene = await flowScene(async (request, path) => {
    if (path === "/login") {
      const headers = { "set-cookie": `sid=${await request.text()}; Path=/`, location: "/home" };
      return new Response(null, { status: 302, headers });
    }
    return new Response(request.headers.get("cookie"));
  });
  const { flow } = await scene.run(
    `export default async (i, client) => {
      client.check("none", (await client.get("/home")).text() === "");
      const [home, more] = [await client.post("/login", { body: "n" + i }), await client.get("/home")];
      client.check("own", home.text() === "sid=n" + i && more.text() === "sid=n" + i);
    };`,
    ...["-n", "20", "-c", "5"],
  );
  assertEquals(flow.checks.map(({ passed, failed }) => [passed, failed]), [[20, 0], [20, 0]]);
});

Deno.test("Iteration fails with what the flow throws, and the run goes on", async () => {
  await using scene = await flowScene(plain);
  const { records, flow, failed, errors } = await scene.run(
    `export default async (i, client) => {
      if (i === 0) throw new Error("at once");
      await client.get("/a", { step: "a" });
      const last = await client.get("/b", { step: "b" });
      if (i === 1) last.json();
      if (i === 2) throw "a text";
      if (i === 3) last.check("is it", false);
      if (i === 4) client.check("all", 0);
    };`,
    ...["-n", "6", "-c", "1"],
  );
  const at = (i: number) => records.filter((record) => record.i === i).at(-1)!;
  assertEquals([flow.iterations, flow.failed, failed], [6, 5, 5]);
  assertEquals([at(0).error, at(0).status, at(0).attempts], ["url", null, 0]);
  assertMatch(at(0).detail!, /^Error: at once \(.*flow0\.ts:2:\d+\)$/);
  assertMatch(at(1).detail!, /^SyntaxError: .* JSON.* \(.*flow0\.ts:5:\d+\)$/);
  assertEquals([2, 3, 4].map((i) => at(i).detail), [
    "a text",
    "the check 'is it' does not hold",
    "the check 'all' does not hold",
  ]);
  assertEquals(records.filter(({ error }) => error === "expect").map(({ step }) => step), [
    ...["b", "b", "b", "b"],
  ]);
  assertEquals(errors.expect!.reasons!.map(({ expectation, count }) => [expectation, count]), [
    ["flow", 2],
    ["is it", 1],
    ["all", 1],
  ]);
  assertEquals([at(5).error, at(5).status], [null, 200]);
});

Deno.test("Iteration hides credentials of its requests in what the flow throws", async () => {
  await using scene = await flowScene(plain);
  const { records } = await scene.run(
    `export default async (i, client) => {
      const headers = { Authorization: "Bearer abc.def-123", Cookie: "sid=0123456789" };
      await client.get("/", { headers });
      throw new Error('not good: abc.def-123, 0123456789, {"token": "later"}' + "x".repeat(300));
    };`,
  );
  assertMatch(records[0].detail!, /^Error: not good: …, …, {"token": …}x+…$/);
});

Deno.test("Iteration ends at its time limit, whatever the flow waits for", async () => {
  await using scene = await flowScene(plain);
  const { records, flow } = await scene.run(
    `export default async (i, client) => {
      await client.get("/a");
      if (i === 0) await new Promise(() => {});
      if (i === 1) await client.think("1h");
      if (i === 2) for (;;) try { await client.think("1h"); } catch { /* It goes on. */ }
      if (i === 3) {
        void new Promise((_, reject) => client.signal.onabort = () => reject(new Error("stray")));
        void client.think("1h");
        await new Promise(() => {});
      }
    };`,
    ...["-n", "5", "-c", "5", "--iteration-timeout", "1s"],
  );
  assertEquals([flow.iterations, flow.failed], [5, 4]);
  assertEquals(
    records.map(({ i, detail }) => [i, detail]).sort(),
    [0, 1, 2, 3, 4].map((i) => [i, i < 4 ? "the iteration took longer than 1 s" : null]),
  );
});

Deno.test("Iteration waits for requests that the flow does not await", async () => {
  const { promise: bothCame, resolve } = Promise.withResolvers<void>();
  let count = 0;
  await using scene = await flowScene(async () => {
    if (++count === 2) resolve();
    await bothCame;
    return new Response("ok");
  });
  const { records } = await scene.run(
    `export default (i, client) => {
      client.get("/a", { step: "a" });
      client.get("/b", { step: "b" });
    };`,
  );
  assertEquals(records.map(({ step, status }) => [step, status]), [["a", 200], ["b", 200]]);
});

Deno.test("Iteration refuses more requests than it may have, and calls after its end", async () => {
  await using scene = await flowScene(plain);
  const { records, flow, notices } = await scene.run(
    `let kept;
    export default async (i, client) => {
      if (i === 1) {
        const error = await kept.get("/").catch((error) => error);
        return void client.check("over", error.name === "AbortError");
      }
      kept = client;
      try {
        for (;;) await client.get("ftp://nowhere/");
      } catch (error) {
        client.check(error.message, error instanceof RangeError);
      }
    };`,
    ...["-n", "2", "-c", "1"],
  );
  assertEquals(records.length, MAX_REQUESTS);
  assertEquals(flow.checks.map(({ check, passed }) => [check, passed]), [
    ["Cannot make another request: an iteration has at most 1000 requests", 1],
    ["over", 1],
  ]);
  assertEquals(notices, []);
});

Deno.test("Iteration takes over what a promise of it was rejected with, if nobody awaits it", async () => {
  await using scene = await flowScene(plain);
  const { records, flow, notices } = await scene.run(
    `export default async (i, client) => {
      void (async () => { await 0; throw new Error("stray"); })();
      await client.get("/");
    };`,
    ...["-n", "3", "-c", "2"],
  );
  assertEquals([flow.iterations, flow.failed], [3, 3]);
  for (const { detail } of records) assertMatch(detail!, /^Error: stray/);
  assertEquals(notices, []);
});

Deno.test("Iteration tries a request again, with the retries of the run", async () => {
  let count = 0;
  await using scene = await flowScene(() => new Response("", { status: count++ % 2 ? 200 : 503 }));
  const { records, snapshot } = await scene.run(
    `export default async (i, client) => {
      client.check("came through", (await client.get("/")).ok);
    };`,
    ...["-n", "3", "-c", "1", "--retries", "2", "--retry-delay", "1ms"],
  );
  assertEquals(records.map(({ status, attempts }) => [status, attempts]), [
    ...[[200, 2], [200, 2], [200, 2]],
  ]);
  assertEquals([snapshot.attempts, snapshot.retries, snapshot.flow!.failed], [6, { 503: 3 }, 0]);
  assert(snapshot.requests === 3);
});

Deno.test("Iteration bears whatever a flow throws, yields and sends", async () => {
  await using scene = await flowScene(plain);
  const { records, flow } = await scene.run(
    `const circle = {};
    circle.circle = circle;
    export default [
      async (_, client) => { await client.get("/"); throw Object.create(null); },
      async (_, client) => { await client.get("/"); await client.post("/", { body: circle }); },
      async (_, client) => { await client.get("/"); throw undefined; },
      function* (_, client) { const response = yield "/"; client.check("sync", response.ok); },
      async (_, client) => {
        await client.get("/");
        for (let k = 0; k < 3000; k++) client.check("many", true);
      },
      async (_, client) => { await client.get("/"); await client.think("soon"); },
      async (_, client) => { await client.get("/"); await client.post("/", "body"); },
      async (_, client) => { await client.get("/"); await client.get("/", { tags: 1 }); },
      async (_, client) => { await client.get("/"); await client.get(undefined); },
      async (_, client) => { await client.get("/"); await client.get("/", { step: 7 }); },
      async (_, client) => { await client.get("/"); client.check(true, "name"); },
      async (_, client) => { await client.get("/"); await client.think(NaN); },
      async (_, client) => {
        await client.get("/");
        throw Object.defineProperty(new Error(), "message", { get: () => { throw 1; } });
      },
      async (_, client) => { await client.get("/", { headers: new Headers({ a: "b" }) }); },
    ].reduceRight((next, flow, k) => (i, client) => (i === k ? flow : next)(i, client));`,
    ...["-n", "14", "-c", "1"],
  );
  assertEquals(records.map(({ i, error }) => [i, error]), [
    ...[[0, "expect"], [1, "expect"], [2, "expect"], [3, null], [4, null], [5, "expect"]],
    ...[[6, "expect"], [7, "expect"], [8, "expect"], [9, "expect"], [10, "expect"]],
    ...[[11, "expect"], [12, "expect"], [13, "url"]],
  ]);
  assertEquals(records[0].detail, "a value that cannot be shown");
  assertMatch(records[1].detail!, /^TypeError: .*circular/);
  assertEquals(records[2].detail, "undefined");
  assertMatch(records[5].detail!, /^UsageError: Cannot read 'think soon'/);
  assertMatch(records[6].detail!, /^TypeError: .*its options are not an object: use one like/);
  assertMatch(records[7].detail!, /^TypeError: .*unknown option 'tags': use some of step, headers/);
  assertMatch(records[8].detail!, /^TypeError: .*it has no URL: add one/);
  assertMatch(records[9].detail!, /^TypeError: Cannot make a request: its 'step' must be a string/);
  assertMatch(records[10].detail!, /^TypeError: Cannot count a check: its name must be a string/);
  assertMatch(records[11].detail!, /^RangeError: Cannot think for 'NaN': use milliseconds from 0/);
  assertEquals(records[12].detail, "a value that cannot be shown");
  assertMatch(records[13].detail!, /^'headers' must be a plain object/);
  assertEquals(flow.checks.map(({ check, passed }) => [check, passed]), [["sync", 1], [
    "many",
    3000,
  ]]);
});

Deno.test("Iteration has as much time as --iteration-timeout says, also if no timer waits so long", async () => {
  // A timer of 1,000 h would fire at once.
  await using scene = await flowScene(async () => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    return new Response("ok");
  });
  const { flow, records } = await scene.run(
    `export default async (i, client) => void await client.get("/");`,
    ...["-n", "2", "--iteration-timeout", "1000h"],
  );
  assertEquals([flow.iterations, flow.failed, records.length], [2, 0, 2]);
});
