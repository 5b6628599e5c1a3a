import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { folder } from "../fixtures/folder.ts";
import { readModules } from "../fixtures/module_graph.ts";
import { bundle, finish, MAIN, myriad, readUntil, runBundle, start } from "../fixtures/program.ts";
import { ok, RawServer } from "../fixtures/raw_server.ts";

/** The text that a reader sees, roughly. */
function textOf(page: string): string {
  return page.replace(/<(script|style)[^>]*>[^]*?<\/\1>/g, "").replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ");
}

// deno-lint-ignore no-explicit-any -- what a page says of itself
function dataOf(page: string): any {
  return JSON.parse(/<script type="application\/json" id="data">([^<]*)</.exec(page)![1]);
}

Deno.test("--report writes a page, with permission for that file only", async () => {
  await using dir = await folder();
  await using server = await RawServer.start(({ request, send }) =>
    send(
      request.startsWith("GET /3 ") ? "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n" : ok("hello"),
    )
  );
  const path = dir.path("page.html");
  const url = server.url("/{}").replace("//", "//name:hunter2@");
  const ran = await myriad(
    [url, "-n", "20", "--report", path, "--expect-status", "200", "--threshold", "failed<1%", "-s"],
    { permissions: ["--allow-net=127.0.0.1", `--allow-write=${path}`] },
  );
  assertEquals(ran.code, 1, ran.stderr);
  const page = await Deno.readTextFile(path);
  const text = textOf(page);
  for (const part of ["20", "19 succeeded", "5.0 %", "failed&lt;1%", "503 Service Unavailable"]) {
    assertStringIncludes(text, part);
  }
  assertStringIncludes(text, "status 503, expected 200");
  assertStringIncludes(text, server.url("/3"));
  assertEquals(page.includes("hunter2"), false);
  assertEquals(page.includes(btoa("name:hunter2")), false);
  assertEquals(page.includes(Deno.hostname()) && Deno.hostname().length > 4, false);
  const { columns, histogram, plots } = dataOf(page);
  assertEquals(columns.rate.length > 0, true);
  assertEquals(
    histogram.filter((_: number, k: number) => k % 2 === 1).reduce((a: number, b: number) => a + b),
    19,
  );
  const [{ column }, ...others] = plots.failed.lines;
  assertEquals([column, others, columns[column].length], [
    "failed.expect",
    [],
    columns.rate.length,
  ]);
});

Deno.test("--report fails before the first request when the page cannot be written", async () => {
  await using dir = await folder();
  await using server = await RawServer.start(({ send }) => send(ok()));
  const run = async (path: string, ...permissions: string[]): Promise<string> => {
    const ran = await myriad([server.url("/"), "--report", path], {
      permissions: ["--allow-net=127.0.0.1", ...permissions],
    });
    assertEquals([ran.code, ran.stdout], [2, ""]);
    return ran.stderr;
  };
  const path = dir.path("none/page.html");
  assertEquals(
    await run(path, "--allow-write"),
    `myriad: Cannot write '--report ${path}': no such folder: make it first\n`,
  );
  assertEquals(
    await run(dir.path(""), "--allow-write"),
    `myriad: Cannot write '--report ${dir.path("")}': it is a folder: use the name of a file\n`,
  );
  assertMatch(await run(dir.path("page.html")), /no permission: run with --allow-write=/);
  assertMatch(await run("-", "--allow-write"), /cannot go to standard output/);
  assertEquals(server.requests.length, 0);
});

Deno.test("--report leaves an old page alone when the run cannot begin", async () => {
  await using dir = await folder();
  await Deno.writeTextFile(dir.path("old.html"), "old");
  for (const name of ["old.html", "new.html"]) {
    const ran = await myriad(
      ["http://127.0.0.1:1/", "--report", dir.path(name), "-i", dir.path("no such input")],
    );
    assertEquals(ran.code, 2);
  }
  // No permission for the host is found at the first request.
  const ran = await myriad(["http://127.0.0.1:1/", "--report", dir.path("new.html")], {
    permissions: ["--allow-write", "--allow-net=127.0.0.2"],
  });
  assertEquals(ran.code, 2, ran.stderr);
  assertEquals(await Deno.readTextFile(dir.path("old.html")), "old");
  assertEquals(await Array.fromAsync(Deno.readDir(dir.path("")), ({ name }) => name), ["old.html"]);
});

Deno.test("--report replaces a longer page, and reports a full disk", async () => {
  await using dir = await folder();
  await using server = await RawServer.start(({ send }) => send(ok()));
  const path = dir.path("page.html");
  await Deno.writeTextFile(path, "x".repeat(1e6));
  assertEquals((await myriad([server.url("/"), "--report", path])).code, 0);
  const page = await Deno.readTextFile(path);
  assert(page.startsWith("<!DOCTYPE html>") && page.endsWith("</html>\n"));
  const full = await myriad([server.url("/"), "--report", "/dev/full", "-s"], {
    // Deno wants that for devices.
    permissions: ["--allow-all"],
  });
  assertEquals(full.code, 3);
  assertMatch(full.stderr, /^myriad: Cannot write '--report \/dev\/full': no space left/);
});

Deno.test("--report writes a page for an interrupted run, and for its resumption", async () => {
  await using dir = await folder();
  const held: (() => void)[] = [];
  const holding = Promise.withResolvers<void>();
  let count = 0;
  await using server = await RawServer.start(({ send }) => {
    if (++count <= 10 || count > 12) return void send(ok());
    held.push(() => send(ok()));
    if (count === 12) holding.resolve();
  });
  const path = dir.path("page.html");
  const args = [server.url("/{}"), "-n", "30", "-c", "2", "--report", path];
  args.push("-o", dir.path("o.ndjson"));
  await using child = start(args);
  await holding.promise;
  child.kill("SIGINT");
  await readUntil(child.stderr, "interrupted");
  for (const answer of held.splice(0)) answer();
  assertEquals((await finish(child)).code, 130);
  assertMatch(textOf(await Deno.readTextFile(path)), /Interrupted\..* 12 succeeded/);
  const ran = await myriad([...args, "--resume"]);
  assertEquals(ran.code, 0, ran.stderr);
  const text = textOf(await Deno.readTextFile(path));
  assertMatch(text, /Before \d+ requests, 0 failed/);
  assertMatch(text, /Resumed \d+ requests, 0 failed/);
  assertStringIncludes(text, "Requests 30 30 succeeded");
});

Deno.test("--report writes a page for a run that a threshold ended", async () => {
  await using dir = await folder();
  await using server = await RawServer.start(({ send }) => send(ok()));
  const path = dir.path("page.html");
  const ran = await myriad([
    server.url("/"),
    ...["-z", "1m", "-c", "1", "-q", "50", "--threshold", "requests<5", "--abort-on-threshold"],
    ...["--report", path],
  ]);
  assertEquals(ran.code, 1, ran.stderr);
  assertStringIncludes(textOf(await Deno.readTextFile(path)), "Aborted by requests&lt;5.");
});

Deno.test("--report writes a page for a run whose output can no longer be written", async () => {
  await using dir = await folder();
  await using server = await RawServer.start(({ send }) => send(ok()));
  const path = dir.path("page.html");
  const args = [server.url("/{}"), "-n", "3000", "--report", path, "-o", "/dev/full", "-s"];
  const ran = await myriad(args, { permissions: ["--allow-all"] });
  assertEquals(ran.code, 3, ran.stderr);
  assert((await Deno.readTextFile(path)).endsWith("</html>\n"));
});

Deno.test("a run loads the page and the live view only when it shows them", async () => {
  const modules = await readModules(MAIN);
  const all = new Map(modules.map((module) => [module.specifier, module]));
  const seen = new Set<string>();
  const follow = (specifier: string): void => {
    if (seen.has(specifier)) return;
    seen.add(specifier);
    for (const { isDynamic, code } of all.get(specifier)?.dependencies ?? []) {
      if (!isDynamic && code?.specifier !== undefined) follow(code.specifier);
    }
  };
  const main = new URL(MAIN, "file://").href;
  follow(main);
  // What a run has besides; each other command has its own.
  for (const { isDynamic, code } of all.get(main)?.dependencies ?? []) {
    if (isDynamic && !code!.specifier!.includes("/commands/")) follow(code!.specifier!);
  }
  assertEquals([...seen].some((it) => it.endsWith("lib/progress/progress.ts")), true);
  assertEquals([...all.keys()].some((specifier) => specifier.includes("uplot")), true);
  assertEquals(
    [...seen].filter((it) =>
      /uplot|report\/page|series\/(?:recorder|series)|run_page|progress\/(?:live|auto)/.test(it)
    ),
    [],
  );
});

Deno.test("--report writes a page with plots when the program is one bundled file", async () => {
  await using dir = await folder();
  await using server = await RawServer.start(({ send }) => send(ok()));
  await bundle(dir.path("myriad.js"));
  const page = dir.path("page.html");
  const ran = await runBundle(dir.path("myriad.js"), [server.url("/"), "--report", page, "-s"], {
    permissions: ["--allow-net=127.0.0.1", `--allow-write=${page}`],
    cache: dir.path("cache"),
  });
  assertEquals([ran.code, ran.stderr], [0, ""]);
  const text = await Deno.readTextFile(page);
  assertEquals(text.match(/<script>[^]*?<\/script>/g)?.length, 2);
  assertStringIncludes(text, "leeoniya/uPlot");
});
