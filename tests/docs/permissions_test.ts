/**
 * Holds the tables of `docs/permissions.md`: each row runs with exactly the permissions that it
 * names, and is refused without any one of them.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import net from "node:net";
import { COMMANDS } from "../../docs/generate.ts";
import config from "../../deno.json" with { type: "json" };
import { openNative } from "../../lib/engine/transport/native/open.ts";
import { nkeys } from "@nats-io/nats-core/internal";
import { folder } from "../fixtures/folder.ts";
import { HAS_NATS, NatsServer } from "../fixtures/nats_server.ts";
import { finish, type Ran, readUntil, start } from "../fixtures/program.ts";
import { ProxyServer } from "../fixtures/proxy_server.ts";
import { ok, RawServer } from "../fixtures/raw_server.ts";
import { reservePort } from "../fixtures/reserved_port.ts";

/** A row of a table: what is typed, and the permissions that it takes. */
interface Row {
  readonly typed: string;
  readonly permissions: readonly string[];
}

/** The rows of a table, by the heading above it. */
const TABLES = readTables(
  await Deno.readTextFile(new URL("../../docs/permissions.md", import.meta.url)),
);

function readTables(text: string): Map<string, Row[]> {
  const tables = new Map<string, Row[]>();
  let heading = "";
  for (const line of text.split("\n")) {
    if (line.startsWith("## ")) heading = line.slice(3);
    const cells = line.split("|").slice(1, -1).map((cell) =>
      [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code)
    );
    if (cells.length !== 2 || cells[0].length === 0) continue;
    const row = { typed: cells[0][0], permissions: cells[1] };
    tables.set(heading, [...tables.get(heading) ?? [], row]);
  }
  return tables;
}

/** Permission flags with one value less, for each of their values. */
function* withoutOne(permissions: readonly string[]): Generator<string[]> {
  for (const [index, permission] of permissions.entries()) {
    const [flag, values = ""] = permission.split("=");
    for (const value of values.split(",")) {
      const kept = values.split(",").filter((other) => other !== value);
      const less = kept.length === 0 ? [] : [`${flag}=${kept}`];
      yield [...permissions.slice(0, index), ...less, ...permissions.slice(index + 1)];
    }
  }
}

/** The name of the run on several machines. */
const NAMED = ["--cluster-run", "nightly"];

/** What the rows need to be run: files by the names in the tables, servers at other ports. */
class Surroundings implements AsyncDisposable {
  readonly #disposables = new AsyncDisposableStack();
  readonly #places: [string, string][] = [];
  dir = "";
  url = "";

  static async make(): Promise<Surroundings> {
    const made = new Surroundings();
    const { dir, write } = await made.#makeFolder();
    made.dir = dir;
    const server = await RawServer.start(({ send }) => send(ok()));
    const proxy = await ProxyServer.start({ kind: "http" });
    const socks = await ProxyServer.start({ kind: "socks5" });
    for (const one of [server, proxy, socks]) made.#disposables.use(one);
    await made.#listenAtSocket(`${dir}/some.sock`);
    made.url = server.url();
    made.#places.push(
      ["127.0.0.1:3128", `127.0.0.1:${proxy.port}`],
      ["127.0.0.1:1080", `127.0.0.1:${socks.port}`],
      ["/run/some.sock", `${dir}/some.sock`],
      ["/srv/myriad", new URL("../../", import.meta.url).pathname],
    );
    const { port } = made.#disposables.use(reservePort());
    for (const name of ["9464", "8080", "4318"]) made.#places.push([name, `${port}`]);
    const fixture = (name: string): string =>
      Deno.readTextFileSync(new URL(`../fixtures/${name}`, import.meta.url));
    const record = `{"url":"${made.url}","status":200,"ms":1,"attempts":1}\n`;
    await Promise.all([
      write("urls.txt", `${made.url}\n`),
      write("headers.txt", "X-Test: 1\n"),
      write("user.txt", "name:password\n"),
      write("cookies.txt", "a=b\n"),
      write("body.json", "{}\n"),
      write("text.txt", "a b\n"),
      write("order.json", '{"n":{}}\n'),
      write("photo.png", "png"),
      write("run.json", '{"concurrency":2}'),
      write("ca.pem", fixture("authority.crt")),
      write("client.pem", fixture("client.crt")),
      write("k.pem", fixture("client.key")),
      write("results.ndjson", record),
      write("access.log", '{"path":"/","status":200}\n'),
    ]);
    return made;
  }

  /** Starts the NATS servers of the rows that name one: without TLS, and with it. */
  async startBuses(): Promise<void> {
    const pem = (name: string): string =>
      JSON.stringify(new URL(`../fixtures/${name}`, import.meta.url).pathname);
    const plain = this.#disposables.use(await NatsServer.start());
    const secure = this.#disposables.use(
      await NatsServer.start({
        config: `tls {
          cert_file: ${pem("server.crt")}, key_file: ${pem("server.key")}
          ca_file: ${pem("authority.crt")}, verify: true
        }`,
      }),
    );
    this.#places.push(["4222", `${plain.port}`], ["4223", `${secure.port}`]);
    const seed = nkeys.createUser().getSeed();
    await Promise.all([
      Deno.writeTextFile(`${this.dir}/bus.txt`, `${plain.url}\n`),
      Deno.writeFile(`${this.dir}/user.nk`, seed),
      Deno.writeFile(`${this.dir}/key.bin`, crypto.getRandomValues(new Uint8Array(32))),
    ]);
  }

  /**
   * Takes the other part in a run on several machines: that of the worker, or that of the submitter.
   *
   * @returns what settles with the end of that part; itself it settles once the submitter is there
   */
  async takePart(works: boolean): Promise<() => Promise<void>> {
    if (works) {
      const work = async (): Promise<void> => {
        // The run may not be there yet.
        for (let tries = 0; tries < 60; tries++) {
          if ((await this.run(["work", "@bus.txt", "nightly"], ["-A"])).code === 0) return;
        }
        throw new Error("There never was a run");
      };
      const ended = work();
      return () => ended;
    }
    const child = start(["--cluster", "@bus.txt", ...NAMED, this.url], {
      permissions: ["-A"],
      cwd: this.dir,
    });
    await readUntil(child.stderr, "the run is 'nightly'");
    return async () => assertEquals((await finish(child)).code, 0);
  }

  async #makeFolder() {
    const made = this.#disposables.use(await folder());
    return { dir: made.path("").replace(/\/$/, ""), write: made.write };
  }

  async #listenAtSocket(path: string): Promise<void> {
    const server = net.createServer((socket) => {
      socket.on("data", () => socket.write(ok()));
      socket.on("error", () => {});
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    this.#disposables.defer(() => new Promise((resolve) => server.close(() => resolve())));
  }

  /** What a table says, with the files, ports and hosts that there are here. */
  place(text: string): string {
    return this.#places.reduce((text, [from, to]) => text.replaceAll(from, to), text);
  }

  /** The permission to talk to the server. */
  get host(): string {
    return `--allow-net=${new URL(this.url).host}`;
  }

  /** Runs the program in the folder of files; a server is told to end once it listens. */
  async run(args: readonly string[], permissions: readonly string[]): Promise<Ran> {
    const child = start(args, { permissions, cwd: this.dir, env: { KEY: "k" } });
    if (args[0] !== "serve") return await finish(child);
    const reader = child.stdout.getReader();
    if (!(await reader.read()).done) child.kill("SIGTERM");
    reader.releaseLock();
    return await finish(child);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#disposables.disposeAsync();
  }
}

/** Runs a row with its permissions, and without each of them. */
async function checkRow(
  { typed, permissions }: Row,
  { args, base = [], prepare, beside }: {
    args: (here: Surroundings) => string[];
    base?: readonly string[];
    prepare?: (here: Surroundings) => Promise<void>;
    /** Starts what it needs to end well. */
    beside?: (here: Surroundings) => ReturnType<Surroundings["takePart"]> | undefined;
  },
): Promise<void> {
  await using here = await Surroundings.make();
  await prepare?.(here);
  const granted = permissions.map((text) => here.place(text));
  const given = [...here.place(typed).split(" "), ...args(here)];
  const shared = base.map((text) => text === "HOST" ? here.host : text);
  if (/--resume|--retry-failed/.test(typed)) {
    const first = ["-o", "out.ndjson", here.url, "-s"];
    assertEquals((await here.run(first, ["-A"])).code, 0);
  }
  for (const less of withoutOne(granted)) {
    const { code, stderr } = await here.run(given, [...shared, ...less]);
    assertMatch(stderr, /no permission/, `${typed} with ${less}`);
    assertEquals(code, 2, `${typed} with ${less}`);
  }
  const whenEnded = await beside?.(here);
  const { code, stderr } = await here.run(given, [...shared, ...granted]);
  await whenEnded?.();
  assertEquals([code, stderr.includes("permission")], [0, false], `${typed}: ${stderr}`);
}

for (const row of TABLES.get("A run")!) {
  Deno.test(`a run with ${row.typed} needs the permissions of docs/permissions.md`, async () => {
    const isInput = row.typed.startsWith("-i ");
    await checkRow(row, {
      args: ({ url }) => isInput ? ["-s"] : [url, "-s"],
      base: ["HOST"],
    });
  });
}

for (const row of TABLES.get("Through a proxy or a Unix socket")!) {
  Deno.test(`a run with ${row.typed} needs no permission for the URL's host`, async () => {
    await checkRow(row, { args: ({ url }) => [url.replace("127.0.0.1", "localhost"), "-s"] });
  });
}

for (const row of HAS_NATS ? TABLES.get("Several machines")! : []) {
  const [command] = row.typed.split(" ");
  const title = command.startsWith("-") ? `a run with ${row.typed}` : `myriad ${row.typed}`;
  Deno.test(`${title} needs the permissions of docs/permissions.md`, async () => {
    await checkRow(row, {
      args: ({ url }) => command.startsWith("-") ? [url, "-s", ...NAMED] : [],
      base: command === "work" ? ["HOST"] : [],
      prepare: (here) => here.startBuses(),
      // A run waits for a worker, a worker for a run.
      beside: (here) => command === "runs" ? undefined : here.takePart(command !== "work"),
    });
  });
}

/** Whether this machine has native sockets. */
const HAS_NATIVE = hasNative();

function hasNative(): boolean {
  const transports = openNative();
  if (typeof transports === "string") return false;
  transports.close();
  return true;
}

for (const { typed, permissions } of TABLES.get("Native sockets")!) {
  Deno.test(`a run with ${typed} needs ${permissions.join(" and ")}`, {
    ignore: !HAS_NATIVE,
  }, async () => {
    await using here = await Surroundings.make();
    const args = [...typed.split(" "), here.url, "-s", "--summary", "-"];
    const less = [[...permissions, `--deny-net=localhost`], ["--allow-ffi", here.host]];
    for (const given of [...withoutOne(permissions), ...less]) {
      const { code, stderr } = await here.run(args, given);
      assertMatch(stderr, /native sockets need|no permission/, `${given}`);
      assertEquals(code, 2, `${given}`);
    }
    const compile = config.tasks.compile.command.split(" ");
    const libraries = compile.find((flag) => flag.startsWith("--allow-ffi"))!;
    for (const given of [permissions, ["--allow-net", libraries]]) {
      const { code, stdout, stderr } = await here.run(args, given);
      assertEquals([code, stderr], [0, ""]);
      assertEquals(JSON.parse(stdout).transport, "native");
    }
  });
}

Deno.test("a run without the permission for native sockets uses those of the runtime", async () => {
  await using here = await Surroundings.make();
  for (const given of [["--allow-net"], [here.host, "--allow-ffi"]]) {
    const { stdout } = await here.run([here.url, "-s", "--summary", "-"], given);
    assertEquals(JSON.parse(stdout).transport, "portable");
  }
});

for (const row of TABLES.get("Other commands")!) {
  Deno.test(`myriad ${row.typed} needs the permissions of docs/permissions.md`, async () => {
    const [command] = row.typed.split(" ");
    const small: Record<string, string[]> = {
      serve: ["--port", "8080"],
      compare: ["-n", "1", "-c", "1", "--delay", "0", "--strategies", "sync"],
    };
    await checkRow(row, { args: (here) => (small[command] ?? []).map((arg) => here.place(arg)) });
  });
}

Deno.test("the tables of docs/permissions.md have a row for each flag that names a file", () => {
  const typed = [...TABLES.values()].flat().map(({ typed }) => typed).join("\n");
  const { flags } = COMMANDS.find(({ name }) => name === "myriad")!;
  for (const { name, short, path, fromFile } of flags) {
    if (path === undefined && !fromFile || path?.fixed !== undefined) continue;
    const names = short === undefined ? `--${name}` : `(--${name}|-${short})`;
    assert(new RegExp(`(^| )${names}[ =]`, "m").test(typed), name);
  }
});
