import { assertEquals, assertStringIncludes } from "@std/assert";
import { dirname } from "node:path";
import config from "../../deno.json" with { type: "json" };
import { buildPackage } from "../../packaging/npm/build.ts";
import { type Folder, folder } from "../fixtures/folder.ts";
import { isInstalled } from "../fixtures/installed.ts";
import { finish, readUntil, spawn } from "../fixtures/program.ts";
import { ok, RawServer } from "../fixtures/raw_server.ts";
import { until } from "../fixtures/until.ts";

/** A program that has the package from npm, and nothing of this repository. */
const PROGRAM = `
import { asCompleted, Client, type ClientOptions, type Hit, Histogram, Records } from "@myriad/myriad";

const [url] = Deno.args;
const options: ClientOptions = { concurrency: 2, retries: 1, transport: "portable" };
await using client = await Client.open(options);
await using records = await Records.open("pages.ndjson");
const times = new Histogram();
for await (const hit of client.all(records.pending([url, url, url]))) {
  const failure: "refused" | "timeout" | string | undefined = hit.error;
  const i: number = hit.target.i;
  if (failure !== undefined || i > 2) throw hit;
  times.record(Math.round(hit.ms * 1000));
  await records.write(hit);
}
const get = (url: string): Promise<Hit<string>> => client.hit(url);
for await (const hit of asCompleted([url], get, { concurrency: 1 })) {
  // @ts-expect-error The types are there: a hit has no such member.
  console.log(hit.text(), times.count, hit.nothing);
}
`;

/** Runs a program that imports the library, with its types, from a folder that has the package. */
async function useLibrary(dir: Folder): Promise<void> {
  await dir.write("package.json", '{ "dependencies": { "@myriad/myriad": "*" } }');
  const program = await dir.write("program.ts", PROGRAM);
  await using server = await RawServer.start(({ send }) => send(ok("hello")));
  const flags = ["--quiet", "--check", "--no-prompt", "--allow-net=127.0.0.1", "--allow-read=."];
  const args = ["run", ...flags, "--allow-write=.", program, server.url()];
  const { code, stdout, stderr } = await finish(
    spawn([Deno.execPath(), ...args], { cwd: dir.path("") }),
  );
  assertEquals([stderr, stdout, code], ["", "hello 3 undefined\n", 0]);
  const lines = (await Deno.readTextFile(dir.path("pages.ndjson"))).trim().split("\n");
  assertEquals(lines.length, 3);
}

/** What tells of the machine that made a package, or is not for users. */
async function findForeign(folder: string): Promise<string[]> {
  const foreign: string[] = [];
  const secrets = [
    new URL("../../", import.meta.url).pathname,
    dirname(Deno.execPath()),
    Deno.env.get("HOME") ?? "/root",
    "registry.npmjs.org/",
    "BEGIN PRIVATE KEY",
  ];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) foreign.push(...await findForeign(path));
    else {
      const text = await Deno.readTextFile(path);
      foreign.push(...secrets.filter((it) => text.includes(it)).map((it) => `${path}: ${it}`));
      if (/_test\.|^tests?$|\.map$/.test(name)) foreign.push(path);
    }
  }
  return foreign;
}

Deno.test({
  name: "the package for npm is a library, and a program that passes signals and exit codes on",
  ignore: !isInstalled("node"),
  async fn() {
    await using dir = await folder();
    const home = dir.path("node_modules/@myriad/myriad");
    await buildPackage(home);
    await useLibrary(dir);
    // In place of the dependency, which has this program, too.
    await Deno.mkdir(dir.path("node_modules/deno"));
    await dir.write(
      "node_modules/deno/install_api.cjs",
      `exports.runInstall = () => ${JSON.stringify(Deno.execPath())};\n`,
    );
    const { name, version, bin, files, dependencies } = JSON.parse(
      await Deno.readTextFile(`${home}/package.json`),
    );
    assertEquals([name, version, dependencies], [config.name, config.version, {
      deno: Deno.version.deno,
    }]);
    for (const file of [bin.myriad, ...files]) await Deno.stat(`${home}/${file}`);
    assertEquals(await findForeign(home), []);
    const start = (args: readonly string[], env = {}) =>
      spawn(["node", `${home}/${bin.myriad}`, ...args], { env, cwd: dir.path("") });

    await using server = await RawServer.start(({ send, nth }) => {
      if (nth === 1) send(ok("hello"));
    });
    const url = server.url("/{}");
    // It can be given fewer permissions, and cannot get other flags of Deno.
    const refused = await finish(start([url], { MYRIAD_PERMISSIONS: "--allow-net=127.0.0.1:9" }));
    assertEquals(refused.code, 2);
    assertStringIncludes(refused.stderr, "no permission: run with --allow-net=127.0.0.1");
    const foreign = await finish(start([url], { MYRIAD_PERMISSIONS: "--preload=x" }));
    assertEquals([foreign.code, foreign.stdout], [2, ""]);

    await using held = start(["-n", "2", "-c", "1", "-o", "out.ndjson", url]);
    await until(() => server.requests.length === 2);
    held.kill("SIGTERM");
    await readUntil(held.stderr, "send SIGTERM again to quit now");
    held.kill("SIGTERM");
    const { code, signal } = await held.status;
    assertEquals([code, signal], [143, null]);
  },
});
