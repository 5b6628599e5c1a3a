import { runCommand } from "../meter.ts";
import { projectPath } from "../root.ts";
import type { Answers, Load, Peer } from "./peer.ts";

/** The second is Debian's, whose packages a Python that comes first may not have. */
const PYTHONS = ["python3", "/usr/bin/python3"];

/** A file of `bench/python/`: short programs of our own over aiohttp. */
export type Strategy =
  | "synchronous"
  | "semaphore"
  | "as_completed"
  | "worker_queue"
  | "bounded_pool";

/** One strategy over aiohttp, on one thread. Undefined if no Python has aiohttp. */
export async function findAiohttp(strategy: Strategy): Promise<Peer | undefined> {
  for (const python of PYTHONS) {
    const script = "import aiohttp, platform\n" +
      "print(aiohttp.__version__, 'on Python', platform.python_version())";
    const output = await runCommand([python, "-c", script]);
    if (output?.code !== 0) continue;
    return {
      name: `aiohttp, ${strategy.replace("_", " ")}`,
      program: "aiohttp",
      version: output.stdout.trim(),
      maxInFlight: strategy === "synchronous" ? 1 : undefined,
      command: ({ url, requests, concurrency }: Load): string[] => {
        const file = projectPath(`bench/python/${strategy}.py`);
        // It would leave its own compiled modules in the project's folder.
        return [python, "-B", file, url, `${requests}`, `${concurrency}`];
      },
      read: (stdout: string): Answers => JSON.parse(stdout),
    };
  }
  return undefined;
}
