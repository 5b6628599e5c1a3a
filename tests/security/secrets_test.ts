import { assert, assertEquals } from "@std/assert";
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
import { readUntil, start } from "../fixtures/program.ts";
import { ProxyServer } from "../fixtures/proxy_server.ts";
import { ok, RawServer } from "../fixtures/raw_server.ts";
import { until } from "../fixtures/until.ts";

// Every kind of secret that a run can have, each a token of its own, and every place where something
// of a run is left. The one owner of "secrets never reach a record, state file, report or error".

/** A secret for each way by which one can come in. */
const KINDS = [
  // From the user.
  ...[
    "basic",
    "bearer",
    "apiKey",
    "cookie",
    "urlPassword",
    "query",
    "bodyJson",
    "form",
    "variable",
  ],
  ...["configHeader", "configUser", "fileHeader", "column", "columnUserinfo", "lineUserinfo"],
  ...[
    "proxyPassword",
    "otlpPassword",
    "otlpHeader",
    "expected",
    "curlBearer",
    "curlUser",
    "jarred",
  ],
  // From the server.
  ...["setCookie", "locationPassword", "locationToken", "challenge", "captured", "errorPage"],
] as const;
type Kind = (typeof KINDS)[number];

const SECRETS = Object.fromEntries(
  KINDS.map((kind) => [kind, `${kind}${crypto.getRandomValues(new Uint8Array(6)).toHex()}`]),
) as Record<Kind, string>;

/** Where a secret may stand, and why. Everything else that is found is a leak. */
const ALLOWED: readonly { kinds: readonly Kind[]; where: RegExp; why: string }[] = [
  {
    kinds: ["query", "locationToken"],
    where: /^file out\.|^file failed\.jsonl$|^stdout of a record$/,
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
    where: /^file out\./,
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

  /** Adds all files of a folder whose names do not begin with `given`. */
  async addFiles(dir: Folder): Promise<void> {
    for await (const { name, isFile } of Deno.readDir(dir.path())) {
      if (!isFile || name.startsWith("given")) continue;
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

  get places(): string[] {
    return [...this.#texts.keys()].sort();
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

/** What is sent, and to where it is told. @param flags those of one run only */
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
    ...["-H", `X-Auth-Token: {token}`],
    ...["--expect-header", `X-Token: ${SECRETS.expected}`, "--expect-status", "200,401"],
    ...[
      "--capture",
      "session=header:X-Session",
      "-t",
      "5s",
      "--retries",
      "1",
      "--no-pause",
      "-c",
      "2",
    ],
  ];
  const url = server.url(`/{path}?api_key=${SECRETS.query}`);
  return [...sent, ...outputs, ...flags, url];
}

const ALL_FIELDS = "i,url,method,status,location,final_url,content_type,error,detail,session";

/** Runs in this process what the program would do, and keeps all that it would show. */
async function runHere(traces: Traces, name: string, argv: string[]): Promise<void> {
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
  assertEquals([failure, snapshot.requests], [undefined, PATHS.length]);
  const summary = toSummary(snapshot, { version: "1" });
  for (const text of shown) traces.add(`notices of ${name}`, formatMessage(text));
  for (const frame of frames) traces.add(`live view of ${name}`, new TextDecoder().decode(frame));
  traces.add(`summary of ${name}`, formatSummary(snapshot, { version: "1" }));
  const { tolerated, total } = snapshot;
  traces.add(`table of ${name}`, formatTable({ summary, tolerated, total }, { color: true }));
  traces.add(`metrics of ${name}`, formatMetrics(snapshot, { version: "1", startMs: 0 }));
}

Deno.test("no secret is in any file, stream or message of a run, but where it is argued", async () => {
  await using dir = await folder();
  const server: RawServer = await RawServer.start(answerWith(() => `127.0.0.1:${server.port}`));
  await using _server = server;
  await using collector = await RawServer.start(({ send }) => send(ok("{}")));
  await using proxy = await ProxyServer.start({
    kind: "http",
    credentials: `p:${SECRETS.proxyPassword}`,
  });
  const traces = new Traces();
  const csv = await dir.write(
    "given.csv",
    `path,token\n${PATHS.map((path) => `${path},${SECRETS.column}`).join("\n")}\n`,
  );
  const jar = await dir.write(
    "jar.txt",
    `127.0.0.1\tFALSE\t/\tFALSE\t0\tkept\t${SECRETS.jarred}\n`,
  );
  const json = `{"password":"${SECRETS.bodyJson}","token":"{token}"}`;
  const through = `http://p:${SECRETS.proxyPassword}@127.0.0.1:${proxy.port}`;
  const runs: Record<string, string[]> = {
    ndjson: ["-u", `me:${SECRETS.basic}`, "-d", json, "--fields", ALL_FIELDS, "-x", through],
    csv: [
      "-H",
      `Authorization: Bearer ${SECRETS.bearer}`,
      "--engine",
      "fetch",
      "--fields",
      ALL_FIELDS,
    ],
    sqlite: [
      `--cookie-jar=${jar}`,
      "-F",
      `secret=${SECRETS.form}`,
      "--save-bodies",
      dir.path("all.warc"),
    ],
    parquet: ["-H", `X-Secret: {env:SECRET_OF_TEST}`, "--threads", "2"],
  };
  Deno.env.set("SECRET_OF_TEST", SECRETS.variable);
  for (const [format, flags] of Object.entries(runs)) {
    const all = argsFor(dir, server, collector, [
      "-i",
      csv,
      "-o",
      dir.path(`out.${format}`),
      ...flags,
    ]);
    if (format !== "parquet") {
      traces.add(
        `dry run of ${format}`,
        (await dryRun(await parseRun(all, "1") as RunOptions)).text,
      );
    }
    await runHere(traces, format, all);
    await traces.addFiles(dir);
  }
  for (const path of [`out.ndjson`, "out.csv", "out.sqlite"]) {
    const shown = await report([dir.path(path), "--report", dir.path("again.html")], {
      version: "1",
      color: true,
    });
    traces.add(`report of ${path}`, `${shown.text}${shown.notice}`);
  }
  const translated = await curl([
    ...["--print", "--oauth2-bearer", SECRETS.curlBearer, "-u", `u:${SECRETS.curlUser}`],
    server.url("/there"),
  ]);
  console.log(translated);
  await traces.addFiles(dir);
  const leaks = traces.findLeaks();
  console.log(traces.places);
  assertEquals(leaks, []);
});
