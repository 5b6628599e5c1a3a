/**
 * Starts workers: from the program's source, from a file that `deno bundle` has made of it, or from
 * a compiled program.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { isGranted } from "../process/permission.ts";
import { formatAllow } from "../text/format_allow.ts";

/** Where this file is in the source. */
const PATH = "/lib/threads/start_worker.ts";

/** The code that workers run. */
export interface WorkerCode {
  /** What a worker is started from. */
  readonly url: string;
  /** The bundle that it is to run, in UTF-8; undefined if the URL has all its code. */
  readonly bundle?: Uint8Array<SharedArrayBuffer> | undefined;
}

/**
 * Finds the code that workers run. In a bundle that is the bundle itself: its text is read as that
 * of a module that is loaded already, for which no permission is needed, and `main.ts` finds that it
 * is in a worker, and by its name in which.
 *
 * @param main the module of the source that it begins with
 * @throws {UsageError} If the program may not read its source, or cannot read its bundle.
 */
export async function findWorkerCode(main = "./worker_main.ts"): Promise<WorkerCode> {
  const here = new URL(import.meta.url);
  const isSource = here.pathname.endsWith(PATH);
  if (isSource && here.protocol === "file:") checkReading(new URL("../..", here));
  // The modules of a compiled program can be read by their URLs.
  if (isSource) return { url: new URL(main, here).href };
  if (Deno.build.standalone) return { url: here.href };
  return {
    url: `data:application/javascript,${encodeURIComponent(`(${awaitBundle})()`)}`,
    bundle: share(toLatin1(await readBundle())),
  };
}

async function readBundle(): Promise<string> {
  try {
    return (await import(import.meta.url, { with: { type: "text" } })).default;
  } catch (error) {
    throw new UsageError(
      `Cannot use '--threads': the program cannot read itself (${error}): run it from a file`,
    );
  }
}

function checkReading(folder: URL): void {
  const path = decodeURIComponent(folder.pathname);
  if (Deno.build.standalone || isGranted({ name: "read", path })) return;
  throw new UsageError(
    `Cannot use '--threads': the threads read the source of myriad: no permission: ` +
      `run with ${formatAllow("read", path)}, or use a bundle of it`,
  );
}

/** Escapes what would make V8 keep a script in two bytes a character: comments, in a bundle. */
function toLatin1(script: string): string {
  return script.replace(
    /[\u0100-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** A text in memory that all threads have: a copy for each would take 5 MB. */
function share(text: string): Uint8Array<SharedArrayBuffer> {
  const bytes = new TextEncoder().encode(text);
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  return shared;
}

/** Starts a worker. @param name what it is, where it is not one of a run's threads */
export function startWorker({ url, bundle }: WorkerCode, name?: string): Worker {
  const worker = new Worker(url, { type: "module", name });
  if (bundle !== undefined) worker.postMessage({ bundle, url: import.meta.url });
  return worker;
}

/**
 * The first code of a worker of a bundle: it runs the text that it is sent. To be started from that
 * text as a `blob:` would take 30 MB and 0.1 s more for each worker, since Deno 2.9 parses such a
 * module to find what it imports. It is sent as text, so it can use nothing from outside.
 */
function awaitBundle(): void {
  const scope = globalThis as unknown as { onmessage: ((event: MessageEvent) => void) | null };
  scope.onmessage = ({ data }) => {
    const early: MessageEvent[] = [];
    scope.onmessage = (event) => early.push(event);
    void run(new TextDecoder().decode(data.bundle), data.url).then(() =>
      early.forEach((event) => scope.onmessage!(event))
    );
  };

  async function run(text: string, url: string): Promise<void> {
    const { SourceTextModule, SyntheticModule } = process.getBuiltinModule("node:vm");
    const module = new SourceTextModule(text, {
      importModuleDynamically: (specifier) => import(specifier),
      initializeImportMeta: (meta) => meta.url = url,
    });
    await module.link(async (specifier) => {
      const exports = await import(specifier);
      const names = Object.keys(exports);
      return new SyntheticModule(names, function () {
        for (const name of names) this.setExport(name, exports[name]);
      });
    });
    await module.evaluate();
  }
}
