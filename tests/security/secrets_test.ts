import { assert, assertEquals, assertRejects } from "@std/assert";
import { formatMessage } from "../../lib/cli/print.ts";
import { curl } from "../../lib/commands/curl/command.ts";
import { report } from "../../lib/commands/report/command.ts";
import { formatMetrics } from "../../lib/metrics/exposition.ts";
import { parseRun } from "../../lib/options/parse.ts";
import type { RunOptions } from "../../lib/options/run_options.ts";
import { Progress } from "../../lib/progress/progress.ts";
import { formatSummary, toSummary } from "../../lib/report/json.ts";
import { formatTable } from "../../lib/report/table.ts";
import { dryRun } from "../../lib/run/dry_run.ts";
import { Run } from "../../lib/run/run.ts";
import { type Folder, folder } from "../fixtures/folder.ts";
import { finish, readUntil, start } from "../fixtures/program.ts";
import { ProxyServer } from "../fixtures/proxy_server.ts";
import { ok, RawServer } from "../fixtures/raw_server.ts";
import { until } from "../fixtures/until.ts";

// Every kind of secret that a run can have, each a token of its own, and every place where something
// of a run is left. The one owner of "secrets never reach a record, state file, report or error".

/** What a server has of its own, and hands out. */
const OF_SERVER = [
  ...["setCookie", "locationPassword", "locationToken", "challenge", "captured", "errorPage"],
];
/** What only the runs in processes of their own have. */
const OF_PROCESS = ["configCookie", "configHeader", "fileHeader", "lineUserinfo", "given"];
/** A secret for each way by which one can come in. */
const KINDS: readonly string[] = [
  ...[
    "basic",
    "bearer",
    "apiKey",
    "cookie",
    "query",
    "bodyJson",
    "form",
    "variable",
    "column",
    "flow",
  ],
  ...[
    "proxyPassword",
    "otlpPassword",
    "otlpHeader",
    "expected",
    "curlBearer",
    "curlUser",
    "jarred",
  ],
  ...OF_PROCESS,
  ...OF_SERVER,
];

const SECRETS: Readonly<Record<string, string>> = Object.fromEntries(
  KINDS.map((kind) => [kind, `${kind}${crypto.getRandomValues(new Uint8Array(6)).toHex()}`]),
);

/** Where a secret may stand, and why. Everything else that is found is a leak. */
const ALLOWED: readonly { kinds: readonly string[]; where: RegExp; why: string }[] = [
  {
    kinds: ["query", "locationToken"],
    where: /^file (?:out\.\w+|failed\.jsonl)$/,
    why:
      "a record and a failed request name the URL that was requested, so that it can be joined " +
      "with other data and made again: docs/threats.md says so",
  },
  {
    kinds: ["query"],
    where: /^file out\.\w+\.myriad$/,
    why: "a journal names the template and the slowest URLs; only its owner can read it",
  },
  {
    kinds: ["captured"],
    where: /^file out\.\w+$/,
    why: "the user names what is captured, to have it in the record",
  },
  {
    kinds: ["bodyJson", "column"],
    where: /^file failed\.jsonl$/,
    why: "a failed request has its body, to be made again; only its owner can read the file",
  },
  {
    kinds: ["setCookie", "jarred"],
    where: /^file jar\.txt$/,
    why: "the jar is to keep cookies; only its owner can read it",
  },
  {
    kinds: KINDS,
    where: /^file out\.\w+\.myriad\.log\//,
    why:
      "the log has what the outputs will get, archives too, until they have it; only its owner " +
      "can read it",
  },
  {
    kinds: ["challenge", "captured", "errorPage"],
    where: /^standard error$/,
    why:
      "-v shows what a server sends, and hides only what its name tells to be a secret, or what " +
      "was sent to it",
  },
  {
    kinds: ["curlBearer", "curlUser"],
    where: /^curl --print$/,
    why: "the user asks for the command, to run it",
  },
  {
    kinds: KINDS,
    where: /^file all\.warc$/,
    why: "a web archive has the exchanges as they were sent; only its owner can read it",
  },
];

/** The forms in which a text can be told: also as Basic credentials, at each offset of base64. */
function formsOf(secret: string): string[] {
  const forms = [secret];
  for (let offset = 0; offset < 3; offset++) {
    // Whole groups of four that depend on the secret alone.
    const encoded = btoa(" ".repeat(offset) + secret);
    forms.push(encoded.slice(offset === 0 ? 0 : 4, secret.length + offset & ~3));
  }
  return forms;
}

const FORMS = KINDS.map((kind) => ({ kind, forms: formsOf(SECRETS[kind]) }));

/** What was left somewhere, by the place's name. */
class Traces {
  readonly #texts = new Map<string, string>();
  readonly used = new Set<number>();

  add(where: string, text: string): void {
    this.#texts.set(where, (this.#texts.get(where) ?? "") + text);
  }

  /** Adds all files below a folder whose names do not begin with `given`. */
  async addFiles(dir: Folder, below = ""): Promise<void> {
    for await (const entry of Deno.readDir(dir.path(below))) {
      const name = below + entry.name;
      if (entry.isDirectory) await this.addFiles(dir, `${name}/`);
      if (!entry.isFile || name.startsWith("given")) continue;
      let bytes = await Deno.readFile(dir.path(name));
      if (name.endsWith(".gz")) {
        const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
        bytes = await new Response(stream).bytes();
      }
      this.add(`file ${name}`, new TextDecoder("latin1").decode(bytes));
    }
  }

  findLeaks(): string[] {
    const leaks: string[] = [];
    for (const [where, text] of this.#texts) {
      for (const { kind, forms } of FORMS) {
        const form = forms.find((form) => text.includes(form));
        if (form === undefined) continue;
        const k = ALLOWED.findIndex(({ kinds, where: allowed }) =>
          kinds.includes(kind) && allowed.test(where)
        );
        if (k >= 0) this.used.add(k);
        else {
          const at = text.indexOf(form);
          leaks.push(`${kind} in ${where}: ${text.slice(Math.max(0, at - 120), at + 60)}`);
        }
      }
    }
    return leaks;
  }

  /** The names of all places. */
  get places(): string[] {
    return [...this.#texts.keys()];
  }
}

/** Answers in each way in which a server can hand back what it was sent, or secrets of its own. */
function answerWith(host: () => string): Parameters<typeof RawServer.start>[0] {
  return ({ request, send, reset }) => {
    const path = /^\w+ (?:http:\/\/[^/]+)?(\/\w*)/.exec(request)![1];
    const echo = request.replace(/[\r\n]+/g, " ");
    const own = `Set-Cookie: sid2=${SECRETS.setCookie}\r\nX-Session: ${SECRETS.captured}\r\n`;
    const challenge = `WWW-Authenticate: Basic realm="${SECRETS.challenge} ${echo}"\r\n`;
    const page = `<p>${SECRETS.errorPage} ${echo}</p>`;
    const sized = `Content-Length: ${page.length}\r\n`;
    if (path === "/redirect") {
      const to = `http://u:${SECRETS.locationPassword}@${host()}/there`;
      const location = `${to}?access_token=${SECRETS.locationToken}`;
      send(`HTTP/1.1 302 Found\r\nLocation: ${location}\r\n${own}Content-Length: 0\r\n\r\n`);
    } else if (path === "/denied") {
      send(`HTTP/1.1 401 ${echo.slice(0, 200)}\r\n${challenge}${own}${sized}\r\n${page}`);
    } else if (path === "/broken") {
      send(`HTTP/1.1 200 OK\r\nno colon ${SECRETS.errorPage} ${echo}\r\n\r\n`);
    } else if (path === "/garbage") send(`${echo} ${SECRETS.errorPage}\r\n\r\n`);
    else if (path === "/length") {
      send(`HTTP/1.1 200 OK\r\nContent-Length: ${echo}\r\n\r\n`);
    } else if (path === "/moved") {
      send(
        `HTTP/1.1 301 X\r\nLocation: ftp://u:${SECRETS.locationPassword}@h/\r\nContent-Length: 0\r\n\r\n`,
      );
    } else if (path === "/reset") reset();
    else send(ok(page, own));
  };
}

const PATHS = ["redirect", "denied", "broken", "garbage", "length", "moved", "reset", "there"];

/** What each run sends, and to where it tells of it. @param flags those of one run only */
function argsFor(dir: Folder, server: RawServer, collector: RawServer, flags: string[]): string[] {
  const outputs = [
    ...["--failures", dir.path("failed.jsonl"), "--summary", dir.path("s.json")],
    ...["--summary", dir.path("s.md"), "--summary", dir.path("s.xml"), "--hdr", dir.path("h.txt")],
    ...["--report", dir.path("r.html"), "--top", "9", "--overwrite"],
    `--otlp=${collector.url("/").replace("//", `//o:${SECRETS.otlpPassword}@`)}`,
    `--otlp-header=X-Token: ${SECRETS.otlpHeader}`,
  ];
  const sent = [
    ...["-H", `X-Api-Key: ${SECRETS.apiKey}`, "-b", `sid=${SECRETS.cookie}`],
    ...["-H", "X-Auth-Token: {token}", "--expect-status", "200,401"],
    ...["--capture", "session=header:X-Session", "--retries", "1", "--no-pause"],
    ...["-c", "2", "-t", "5s"],
  ];
  return [...sent, ...outputs, ...flags, server.url(`/{path}?api_key=${SECRETS.query}`)];
}

const ALL_FIELDS = "i,url,method,status,location,final_url,content_type,error,detail,session";

/** The module of a flow, which has secrets of its own. */
const FLOW = `export default async (i, client) => {
  const headers = { Authorization: "Bearer ${SECRETS.flow}", Cookie: "sid=${SECRETS.cookie}" };
  for (const path of ${JSON.stringify(PATHS)}) {
    const response = await client.post("/" + path + "?api_key=${SECRETS.query}", {
      ...{ headers, body: '{"password":"${SECRETS.bodyJson}"}', step: path },
    });
    response.check("is whole", response.status === 200);
  }
};
`;

/** Runs in this process what the program would do, and keeps all that it would show. */
async function runHere(
  traces: Traces,
  name: string,
  argv: string[],
  requests = PATHS.length,
): Promise<void> {
  const options = await parseRun(argv, "1") as RunOptions;
  const shown: string[] = [];
  const run = await Run.open({ ...options, details: true }, (text) => shown.push(text));
  const frames: Uint8Array[] = [];
  const progress = await Progress.open({
    mode: "live",
    size: () => ({ columns: 200, rows: 60 }),
    color: true,
    write: (bytes) => void frames.push(bytes.slice()),
    takeSnapshot: () => run.snapshot(),
  });
  progress.start();
  const { snapshot, failure } = await run.finish("1");
  await progress.stop(snapshot);
  assertEquals([failure, snapshot.requests], [undefined, requests]);
  const summary = toSummary(snapshot, { version: "1" });
  for (const text of shown) traces.add(`notices of ${name}`, formatMessage(text));
  for (const frame of frames) traces.add("live view", new TextDecoder().decode(frame));
  traces.add(`summary of ${name}`, formatSummary(snapshot, { version: "1" }));
  const { tolerated, total } = snapshot;
  traces.add(`table of ${name}`, formatTable({ summary, tolerated, total }, { color: true }));
  traces.add(`metrics of ${name}`, formatMetrics(snapshot, { version: "1", startMs: 0 }));
}

const csvOf = (): string =>
  `path,token\n${PATHS.map((path) => `${path},${SECRETS.column}`).join("\n")}\n`;

Deno.test("no secret is in any file, text or message of a run, but where that is argued", async () => {
  await using dir = await folder();
  await using server: RawServer = await RawServer.start(answerWith(() => server.url("").slice(7)));
  await using collector = await RawServer.start(({ send }) => send(ok("{}")));
  await using proxy = await ProxyServer.start({
    kind: "http",
    credentials: `p:${SECRETS.proxyPassword}`,
  });
  const traces = new Traces();
  const csv = await dir.write("given.csv", csvOf());
  const jar = await dir.write(
    "jar.txt",
    `127.0.0.1\tFALSE\t/\tFALSE\t0\tkept\t${SECRETS.jarred}\n`,
  );
  const runs: Record<string, string[]> = {
    ndjson: [
      ...["-u", `me:${SECRETS.basic}`, "--fields", ALL_FIELDS],
      ...["-d", `{"password":"${SECRETS.bodyJson}","token":"{token}"}`],
      ...["-x", `http://p:${SECRETS.proxyPassword}@127.0.0.1:${proxy.port}`],
    ],
    csv: [
      ...["-H", `Authorization: Bearer ${SECRETS.bearer}`, "--engine", "fetch"],
      ...["--expect-header", `X-Token: ${SECRETS.expected}`, "--expect-body", "nothing like that"],
      ...["--fields", ALL_FIELDS],
    ],
    sqlite: [
      ...[`--cookie-jar=${jar}`, "-F", `secret=${SECRETS.form}`],
      ...["--save-bodies", dir.path("all.warc")],
    ],
    parquet: ["-H", "X-Secret: {env:SECRET_OF_TEST}", "--threads", "2"],
  };
  Deno.env.set("SECRET_OF_TEST", SECRETS.variable);
  for (const [format, flags] of Object.entries(runs)) {
    const output = dir.path(`out.${format}`);
    const argv = argsFor(dir, server, collector, ["-i", csv, "-o", output, ...flags]);
    if (format === "ndjson") {
      const { text } = await dryRun(await parseRun(argv, "1") as RunOptions);
      traces.add("dry run", text);
    }
    await runHere(traces, format, argv);
    await traces.addFiles(dir);
    const context = { version: "1", color: true };
    const { text } = await report(
      [output, "--report", dir.path("again.html"), "--top", "9"],
      context,
    );
    traces.add(`report of ${format}`, text);
  }
  Deno.env.delete("SECRET_OF_TEST");
  const flow = await dir.write("given.flow.ts", FLOW);
  const ofFlow = ["-o", dir.path("out.flow"), "--report", dir.path("flow.html"), "--retries", "0"];
  await runHere(traces, "a flow", [flow, server.url("/"), ...ofFlow, "-t", "5s"]);
  const bearer = ["--oauth2-bearer", SECRETS.curlBearer, "-u", `u:${SECRETS.curlUser}`];
  const outcome = await curl(["--print", ...bearer, server.url("/there")]);
  traces.add("curl --print", "text" in outcome ? outcome.text : "");
  await traces.addFiles(dir);
  for (const request of collector.requests) {
    traces.add("messages of --otlp", request.slice(request.indexOf("\r\n\r\n")));
  }

  assertEquals(traces.findLeaks(), []);
  for (const place of ["live view", "dry run", "file again.html", "file out.sqlite"]) {
    assert(traces.places.includes(place), place);
  }
  const unused = ALLOWED.filter(({ where }, k) =>
    !traces.used.has(k) && !where.test("standard error") &&
    !where.test("file out.ndjson.myriad.log/0.0")
  );
  assertEquals(unused, [], "what is allowed, and not found");
  // Each was sent, or came: the search could have found it.
  const sent = [...server.requests, ...proxy.asked, ...collector.requests].join();
  for (const { kind, forms } of FORMS) {
    if (OF_PROCESS.includes(kind) || OF_SERVER.includes(kind)) continue;
    if (["expected", "curlBearer", "curlUser"].includes(kind)) continue;
    assert(forms.some((form) => sent.includes(form)), `${kind} was not sent`);
  }
});

Deno.test("no secret is in what a process shows, or leaves behind when it is killed", async () => {
  await using dir = await folder();
  let isHeld = true;
  const held: (() => void)[] = [];
  const answer = answerWith(() => server.url("").slice(7));
  await using server: RawServer = await RawServer.start((connection) => {
    if (isHeld && connection.request.includes("/there")) held.push(() => answer(connection));
    else return answer(connection);
  });
  const traces = new Traces();
  const host = server.url("").slice("http://".length);
  await dir.write(
    "given.json",
    JSON.stringify({
      cookie: `sid=${SECRETS.configCookie}`,
      header: [`X-Api-Key: ${SECRETS.configHeader}`, "@given.headers"],
      requests: PATHS.length,
    }),
  );
  await dir.write("given.headers", `X-Auth-Token: ${SECRETS.fileHeader}\n`);
  await dir.write(
    "given.txt",
    PATHS.map((path) => `http://u:${SECRETS.lineUserinfo}@${host}/${path}\n`).join(""),
  );
  await dir.write("given.body", `{"password":"${SECRETS.given}"}`);
  const args = ["--config", "given.json", "-i", "given.txt"];
  args.push("-d", "@given.body", "-o", "out.ndjson", "--failures", "failed.jsonl");
  args.push("--save-bodies", "all.warc", "--report", "r.html", "-vv", "--metrics", "127.0.0.1:0");
  args.push("--resume", "-c", "2", "--retries", "0", "--no-pause");
  {
    await using child = start(args, { cwd: dir.path() });
    const said = await readUntil(child.stderr, "metrics at ");
    const shown = await readUntil(child.stderr, "X-Session: ");
    traces.add("standard error", said + shown);
    const port = /:(\d+)/.exec(said + shown)?.[1];
    for (const path of ["/metrics", "/"]) {
      const response = await fetch(`http://127.0.0.1:${port}${path}`);
      traces.add(`live page ${path}`, await response.text());
    }
    await until(() => held.length > 0);
    if (Deno.build.os === "linux") {
      traces.add("list of processes", await Deno.readTextFile(`/proc/${child.pid}/cmdline`));
    }
    child.kill("SIGKILL");
    await child.status;
  }
  await traces.addFiles(dir);
  isHeld = false;
  for (const give of held) give();
  const { stdout, stderr } = await finish(start(args, { cwd: dir.path() }));
  traces.add("standard output", stdout);
  traces.add("standard error", stderr);
  await traces.addFiles(dir);

  assertEquals(traces.findLeaks(), []);
  for (const kind of OF_PROCESS) {
    const { forms } = FORMS.find((one) => one.kind === kind)!;
    assert(forms.some((form) => server.requests.join().includes(form)), `${kind} was not sent`);
  }
});

/** Flags whose values are wrong, each with a secret in it, which the error must not repeat. */
const WRONG: readonly (readonly string[])[] = [
  ["-H", "Authorization Bearer SECRET"],
  ["-H", "Authorization: Bearer SECRET\x01"],
  ["-H", "@given.headers"],
  ["-b", "sid=SECRET\n"],
  ["-u", "@given.lines"],
  ["--json-body", "password:=SECRET"],
  ["-F", "SECRET"],
  ["--expect-header", "Authorization: (SECRET"],
  ["--otlp", "ftp://o:SECRET@h"],
  ["--otlp", "http://127.0.0.1:9", "--otlp-header", "Authorization SECRET"],
  ["-x", "foo://p:SECRET@h"],
  ["-x", "p:SECRET@h:99999"],
  ["--cluster", "http://u:SECRET@h"],
  ["--referer", "http://u:SECRET@h\n"],
  ["--retries", "http://h/?token=SECRET"],
  ["-i", "http://u:SECRET@h/"],
  ["-d", "@/nowhere?api_key=SECRET"],
  ["--config", "given.wrong.json"],
  ["--cookie-jar=given.lines"],
  ["--cert", "given.pem"],
  ["http://h:99999/?token=SECRET"],
  ["ftp://u:SECRET@h/#access_token=SECRET"],
];

Deno.test("no secret is in an error about the value that it stands in", async () => {
  await using dir = await folder();
  await dir.write("given.headers", "X: y\nBearer SECRET\n");
  await dir.write("given.lines", "u:SECRET\nv:SECRET\n");
  await dir.write("given.wrong.json", '{"user": "u:SECRET", SECRET}');
  const part = (name: string): string => `-----BEGIN ${name}-----\nSECRET\n-----END ${name}-----\n`;
  await dir.write("given.pem", part("CERTIFICATE") + part("PRIVATE KEY"));
  for (const flags of WRONG) {
    const argv = flags.map((text) => text.replace(/given\./, dir.path("given.")));
    if (argv[0].startsWith("-")) argv.push("http://127.0.0.1:9/");
    const run = async (): Promise<Run> => await Run.open(await parseRun(argv, "1") as RunOptions);
    const error = await assertRejects(run, Error, undefined, argv.join(" "));
    assert(!formatMessage(error.message).includes("SECRET"), formatMessage(error.message));
  }
});
