/**
 * `deno task cluster-demo`: one run on several machines, in small. A NATS server, the delay server,
 * a submitter and three workers, each a process of its own on this machine. One worker is killed in
 * the midst; at the end `myriad verify` compares the records with the server's own log.
 *
 * `deno task cluster-demo 20000` makes 20,000 requests instead of 300,000.
 *
 * @module
 */
import { myriadCommand } from "./bench/root.ts";

const REQUESTS = 300_000;
const WORKERS = 3;
const CONCURRENCY = 1_000;
/** How long each response takes. */
const DELAY = "0-1000ms";
/** After so much silence, the slices of the worker that was killed go to others. */
const LOST_AFTER = "5s";
/** The maximum number of slices that a worker holds: so many can be done twice. */
const MAX_OPEN = 8;
const SLICE = 1_000;
/** All of it takes no longer. */
const MAX_MS = 10 * 60_000;
const READY_MS = 20_000;
const POLL_MS = 100;

const HOW_TO_GET_NATS =
  "Cannot find 'nats-server' in PATH: install it by 'apt-get install nats-server' (Debian, Ubuntu) " +
  "or 'brew install nats-server' (macOS), or unpack it from https://nats.io/download\n";

/** Processes of the demo, and whether they are still there. */
const children = new Map<Deno.ChildProcess, string>();
const requests = readArgument(Deno.args);
const folder = Deno.makeTempDirSync({ prefix: "myriad-cluster-demo-" });

function say(text: string): void {
  console.log(`\n── ${text}`);
}

function start(
  name: string,
  [command, ...args]: readonly string[],
  { stdout = "null", stderr = "inherit" }: Pick<Deno.CommandOptions, "stdout" | "stderr"> = {},
): Deno.ChildProcess {
  const child = new Deno.Command(command, { args, stdin: "null", stdout, stderr }).spawn();
  children.set(child, name);
  child.status.then(() => children.delete(child));
  return child;
}

/** Waits until there is something. @throws If it does not come in time. */
async function wait<T>(what: string, ms: number, look: () => T | undefined): Promise<T> {
  const endMs = performance.now() + ms;
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    if (performance.now() > endMs) throw new Error(`waited ${ms / 1_000} s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function readIfThere(file: string): string {
  try {
    return Deno.readTextFileSync(file);
  } catch {
    return "";
  }
}

/** Starts a NATS server at a free port. @returns its URL; undefined if it is not installed */
async function startNats(): Promise<string | undefined> {
  const ports = `${folder}/ports`;
  Deno.mkdirSync(ports);
  const words = `nats-server -a 127.0.0.1 -p -1 -js -sd ${folder}/nats --ports_file_dir ${ports}`;
  try {
    // Nobody reads what it logs.
    start("nats-server", words.split(" "), { stderr: "null" });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  return await wait("the NATS server", READY_MS, () => {
    for (const { name } of Deno.readDirSync(ports)) {
      return /nats:\/\/127\.0\.0\.1:\d+/.exec(readIfThere(`${ports}/${name}`))?.[0];
    }
    return undefined;
  });
}

/** Starts the delay server. @returns its URL, and its process */
async function startTarget(): Promise<{ url: string; target: Deno.ChildProcess }> {
  const args = ["--port", "0", "--delay", DELAY, "--access-log", `${folder}/access.log`];
  const target = start("delay server", myriadCommand(["serve", ...args]), { stdout: "piped" });
  const reader = target.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const said = (await reader.read()).value ?? "";
  const url = /http:\S+/.exec(said)?.[0];
  if (url === undefined) throw new Error("the delay server does not start");
  return { url, target };
}

/** Counts the lines of a file that grows. */
class LineCounter {
  readonly #file: Deno.FsFile;
  readonly #buffer = new Uint8Array(1024 * 1024);
  count = 0;

  constructor(path: string) {
    this.#file = Deno.openSync(path);
  }

  update(): number {
    for (let length; (length = this.#file.readSync(this.#buffer)) !== null;) {
      for (let k = 0; k < length; k++) if (this.#buffer[k] === 10) this.count++;
    }
    return this.count;
  }

  close(): void {
    this.#file.close();
  }
}

/** Starts a worker. What it says is shown only if it fails: it would be mixed with the bar. */
function startWorker(name: string, command: readonly string[]): Deno.ChildProcess {
  const child = start(name, command, { stderr: "piped" });
  void (async () => {
    const said = await new Response(child.stderr).text();
    const { success, signal } = await child.status;
    if (!success && signal !== "SIGKILL") console.error(`\n${name}: ${said}`);
  })();
  return child;
}

async function run(requests: number): Promise<number> {
  const nats = await startNats();
  if (nats === undefined) {
    await Deno.stderr.write(new TextEncoder().encode(HOW_TO_GET_NATS));
    return 2;
  }
  const { url, target } = await startTarget();
  say(`A NATS server at ${nats}, and the delay server (${DELAY} a response) at ${url}`);

  const output = `${folder}/results.ndjson`;
  const submission = [
    `${url}{}`,
    ...["-n", `${requests}`, "-c", `${CONCURRENCY}`],
    ...["--cluster", nats, "--cluster-run", "demo", "--slice", `${SLICE}`],
    ...["--lost-after", LOST_AFTER, "-o", output, "--summary", `${folder}/summary.json`],
    ...["--progress", Deno.stderr.isTerminal() ? "bar" : "log"],
  ];
  say(`myriad ${submission.join(" ")}`);
  const working = ["work", nats, "demo", "--wait", "1m"];
  say(`${WORKERS} workers, each: myriad ${working.join(" ")}`);
  const submitter = start("submitter", myriadCommand(submission), { stdout: "inherit" });
  const work = myriadCommand(working, { permissions: ["--allow-net"] });
  const workers = Array.from({ length: WORKERS }, (_, k) => startWorker(`worker ${k}`, work));

  const seen = new LineCounter(`${folder}/access.log`);
  const hasEnded = (): boolean => !children.has(submitter);
  await wait(
    "half of the requests",
    MAX_MS,
    () => seen.update() >= requests / 2 || hasEnded() ? true : undefined,
  );
  seen.close();
  if (hasEnded()) throw new Error("the submitter ended early");
  workers[0].kill("SIGKILL");
  say(`The server has answered ${seen.count} requests: one of the workers is killed (kill -9)`);

  const { code } = await submitter.status;
  if (code !== 0) throw new Error(`the submitter ended with exit code ${code}`);
  target.kill("SIGTERM");
  await target.status;
  const { cluster } = JSON.parse(readIfThere(`${folder}/summary.json`));
  if (cluster !== undefined) say(`Of the summary, "cluster": ${JSON.stringify(cluster, null, 2)}`);
  return await verify(output);
}

/** Compares the records with the log of the server. */
async function verify(output: string): Promise<number> {
  // What the killed worker held was made again.
  const repeats = MAX_OPEN * SLICE;
  const args = [output, "--against", `${folder}/access.log`, "--allow-repeats", `${repeats}`];
  say(`myriad verify ${args.join(" ")}`);
  const child = start("verify", myriadCommand(["verify", ...args]), { stdout: "inherit" });
  return (await child.status).code;
}

function readArgument([text, ...rest]: readonly string[]): number {
  const requests = text === undefined ? REQUESTS : Number(text);
  if (rest.length === 0 && Number.isSafeInteger(requests) && requests >= 1_000) return requests;
  console.error("Usage: deno task cluster-demo [REQUESTS], from 1000");
  Deno.exit(2);
}

/** Ends everything that is left, and removes the folder. */
async function cleanUp(): Promise<void> {
  const left = [...children.keys()];
  for (const child of left) {
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended meanwhile.
    }
  }
  await Promise.all(left.map(({ status }) => status));
  await Deno.remove(folder, { recursive: true });
}

const interrupted = new Promise<number>((resolve) =>
  Deno.addSignalListener("SIGINT", () => resolve(130))
);
const late = new Promise<number>((_, reject) =>
  Deno.unrefTimer(
    setTimeout(() => reject(new Error(`it takes longer than ${MAX_MS / 60_000} min`)), MAX_MS),
  )
);
let code = 3;
try {
  code = await Promise.race([run(requests), interrupted, late]);
} catch (error) {
  console.error(`The demo failed: ${(error as Error).message}`);
} finally {
  await cleanUp();
}
Deno.exit(code);
