/**
 * Runs every command block of the documents as a reader pastes it: in order, one shell a document,
 * in a folder that is empty at first, against servers of this machine. `CONTRIBUTING.md` says how
 * a block is marked.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { V8_FLAGS } from "../../bench/root.ts";
import { type Block, listDocuments, Markdown, ROOT } from "../fixtures/markdown.ts";
import { run } from "../fixtures/program.ts";
import { reservePort } from "../fixtures/reserved_port.ts";

/** How many blocks of each document are not run. Each says why, in its mark. */
const NOT_RUN: Record<string, number> = {
  "CONTRIBUTING.md": 1,
  "docs/benchmarks.md": 1,
  "docs/clients.md": 1,
  "docs/deaths.md": 1,
  "docs/experiment.md": 5,
  "docs/flows.md": 7,
  "docs/install.md": 5,
  "docs/laboratory.md": 2,
  "docs/library.md": 1,
  "packaging/npm/README.md": 1,
};

/** Blocks that are run: as a shell's script, or as its session with a `$` before each command. */
const RUN = ["sh", "console"];

/** Blocks that are run by others: `ts` by `deno test --doc`, `sql` by `analysis_test.ts`. */
const RUN_ELSEWHERE = ["ts", "sql"];

/** Blocks that are shown only. */
const SHOWN = ["text", "json", "ndjson", "yaml", "csv", "ini", "html", "http"];

/** The longest that a document may take: a bound for what hangs, about ten times what is usual. */
const MAX_MS = 60_000;

/** Nothing that a document runs reaches another machine. */
const LOOPBACK = "--allow-net=localhost,127.0.0.1,[::1],0.0.0.0";

/** How a block has to be run, by its marks. */
interface Marks {
  /** Why it is not run. */
  readonly notRun?: string;
  /** The exit code of its last command; all others have 0. */
  readonly exitCode: number;
  /** Whether it is run in a copy of the repository. */
  readonly isInClone: boolean;
}

function parseMarks({ marks }: Block): Marks {
  let notRun: string | undefined;
  let exitCode = 0;
  let isInClone = false;
  for (const mark of marks) {
    const [, reason] = /^not run: (.+)$/.exec(mark) ?? [];
    const [, code] = /^exits with (\d+)$/.exec(mark) ?? [];
    if (reason !== undefined) notRun = reason;
    else if (code !== undefined) exitCode = Number(code);
    else if (mark === "in the clone") isInClone = true;
  }
  return { notRun, exitCode, isInClone };
}

/** The commands of a block. */
function readCommands({ language, text }: Block): string {
  if (language === "sh") return text;
  return text.split("\n").filter((line) => /^[$>] /.test(line)).map((line) => line.slice(2) + "\n")
    .join("");
}

/** Replaces the ports of a document by free ones, the same by the same. */
class Ports implements Disposable {
  readonly #reserved = new Map<string, ReturnType<typeof reservePort>>();

  replaceIn(commands: string): string {
    const servers = /(\bmyriad serve|\bmain\.ts serve|\bdeno run .*server\.ts)\b(?!.*--port)/g;
    const places =
      /((?:\blocalhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\]):|--port[ =]|--metrics[ =])(\d{2,5})\b/g;
    return commands.replaceAll(servers, "$& --port 8080")
      .replaceAll(places, (_, place, port) => `${place}${this.#reserve(port)}`);
  }

  #reserve(port: string): number {
    const reserved = this.#reserved.get(port) ?? reservePort();
    this.#reserved.set(port, reserved);
    return reserved.port;
  }

  [Symbol.dispose](): void {
    for (const reserved of this.#reserved.values()) reserved[Symbol.dispose]();
  }
}

/** Those whose commands are run: the benches measure, and take hours. */
const DOCUMENTS = listDocuments().filter((path) => !path.startsWith("bench/"));

async function readDocument(path: string): Promise<Markdown> {
  return new Markdown(await Deno.readTextFile(ROOT + path));
}

/** Writes a program of the shell. */
async function writeProgram(path: string, ...lines: string[]): Promise<void> {
  await Deno.writeTextFile(path, ["#!/usr/bin/env bash", ...lines, ""].join("\n"));
  await Deno.chmod(path, 0o755);
}

/** Where the commands of a document are run: an empty folder, a copy of the repository, a `PATH`. */
class Place implements AsyncDisposable {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async make(): Promise<Place> {
    const folder = await Deno.makeTempDir({ prefix: "myriad_docs_" });
    for (const name of ["empty", "bin", "blocks"]) await Deno.mkdir(`${folder}/${name}`);
    const deno = Deno.execPath();
    const config = `--config '${ROOT}deno.json'`;
    const permissions = `--no-prompt ${LOOPBACK} --allow-read --allow-write`;
    await writeProgram(
      `${folder}/bin/myriad`,
      `exec '${deno}' run --quiet ${V8_FLAGS} ${permissions} ${config} '${ROOT}main.ts' "$@"`,
    );
    await writeProgram(`${folder}/bin/deno`, `exec '${deno}' "$@"`);
    await writeProgram(
      `${folder}/bin/npx`,
      `[ "$1 $2" = "-y deno@${Deno.version.deno}" ] || { echo "npx: $*?" >&2; exit 1; }`,
      `shift 2`,
      `exec '${deno}' "$@"`,
    );
    return new Place(folder);
  }

  /** Copies what a clone has, for the blocks that are run in one. */
  async clone(): Promise<void> {
    const names = ["main.ts", "server.ts", "deno.json", "deno.lock", "lib", "docs"];
    await Deno.mkdir(`${this.#folder}/clone`);
    const from = names.map((name) => `${ROOT}${name}`);
    const { code, stderr } = await run(["cp", "-R", ...from, `${this.#folder}/clone`]);
    assertEquals(code, 0, stderr);
  }

  /**
   * Runs blocks one after the other in one shell, and says of each which commands did not exit
   * with 0: their codes, and their texts. A block after which the shell ended is missing.
   */
  async run(
    blocks: readonly { commands: string; isInClone: boolean }[],
  ): Promise<{ failed: Map<number, string[]>; said: string }> {
    const folder = this.#folder;
    const script = [
      `cd '${folder}/empty'`,
      `exec </dev/null >'${folder}/said' 2>&1`,
      `trap '__failed+=("$? $BASH_COMMAND")' ERR`,
    ];
    for (const [index, { commands, isInClone }] of blocks.entries()) {
      const path = `${folder}/blocks/${index}`;
      await Deno.writeTextFile(path, commands);
      script.push(
        // `head` ends before what it reads from, which then fails.
        `set ${/\| *head\b/.test(commands) ? "+" : "-"}o pipefail`,
        `echo "--- block ${index + 1}"`,
        `__failed=()`,
        "hash -r",
        isInClone ? `cd '${folder}/clone'` : ":",
        `. '${path}'`,
        `cd '${folder}/empty'`,
        `printf '%s\\0' ${index} "\${__failed[@]}" >>'${folder}/failed'`,
        `printf '\\n' >>'${folder}/failed'`,
      );
    }
    await Deno.writeTextFile(`${folder}/script`, script.join("\n"));
    const shell = new Deno.Command("bash", {
      args: [`${folder}/script`],
      detached: true,
      stdin: "null",
      stdout: "inherit",
      stderr: "inherit",
      env: {
        PATH: `${folder}/install/bin:${folder}/bin:${Deno.env.get("PATH")}`,
        DENO_INSTALL_ROOT: `${folder}/install`,
        NO_COLOR: "1",
        http_proxy: "",
        HTTP_PROXY: "",
      },
    }).spawn();
    const endAll = () => {
      try {
        Deno.kill(-shell.pid, "SIGKILL");
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    };
    const timer = setTimeout(endAll, MAX_MS);
    await shell.status;
    clearTimeout(timer);
    endAll();
    const failed = new Map<number, string[]>();
    for (const line of (await readIfThere(`${folder}/failed`)).split("\0\n")) {
      const [index, ...commands] = line.split("\0");
      // Where the last command fails, so does the reading of the block.
      if (commands.length > 1 && /^\d+ \. '/.test(commands.at(-1)!)) commands.pop();
      if (index !== "") failed.set(Number(index), commands);
    }
    return { failed, said: await readIfThere(`${folder}/said`) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#folder, { recursive: true });
  }
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

for (const path of DOCUMENTS) {
  Deno.test(`the commands of ${path} run as pasted`, async () => {
    const { blocks } = await readDocument(path);
    const run = blocks.filter((block) => RUN.includes(block.language))
      .map((block) => ({ ...block, ...parseMarks(block) }))
      .filter(({ notRun }) => notRun === undefined);
    if (run.length === 0) return;
    await using place = await Place.make();
    if (run.some(({ isInClone }) => isInClone)) await place.clone();
    using ports = new Ports();
    const { failed, said } = await place.run(
      run.map((block) => ({
        commands: ports.replaceIn(readCommands(block)),
        isInClone: block.isInClone,
      })),
    );
    for (const [index, { line, exitCode, text }] of run.entries()) {
      const where = `${path}:${line}\n${text}\nThe shell said:\n${said}`;
      const commands = failed.get(index);
      if (commands === undefined) {
        throw new Error(`The shell ended, or took ${MAX_MS} ms, in ${where}`);
      }
      const codes = commands.map((command) => Number.parseInt(command));
      const expected = exitCode === 0 ? [] : [exitCode];
      assertEquals(codes, expected, `${commands.join("\n")}\nfailed in ${where}`);
    }
  });
}

Deno.test("each block that is not run says why, and is counted", async () => {
  const counts: Record<string, number> = {};
  for (const path of DOCUMENTS) {
    const { blocks } = await readDocument(path);
    const count = blocks.filter((block) => parseMarks(block).notRun !== undefined).length;
    if (count > 0) counts[path] = count;
  }
  assertEquals(counts, NOT_RUN);
});

Deno.test("each block has a known language and known marks", async () => {
  for (const path of DOCUMENTS) {
    for (const { language, line, marks } of (await readDocument(path)).blocks) {
      assert(
        [...RUN, ...RUN_ELSEWHERE, ...SHOWN].includes(language),
        `${path}:${line}: '${language}'`,
      );
      const known = /^(not run: .{10,}|exits with [1-9]\d{0,2}|in the clone)$/;
      for (const mark of marks) assert(known.test(mark), `${path}:${line}: <!-- ${mark} -->`);
    }
  }
});

Deno.test("no block that is run names a host of another machine", async () => {
  for (const path of DOCUMENTS) {
    for (const block of (await readDocument(path)).blocks) {
      if (!RUN.includes(block.language) || parseMarks(block).notRun !== undefined) continue;
      for (const [url, host] of block.text.matchAll(/\bhttps?:\/\/([^/\s:'"]+|\[[^\]]*\])/g)) {
        assert(["localhost", "127.0.0.1", "[::1]"].includes(host), `${path}:${block.line}: ${url}`);
      }
    }
  }
});
