import { runCommand } from "../meter.ts";
import { pathOf } from "../root.ts";
import type { Answers, Load, Peer } from "./peer.ts";

/** The second is Debian's, whose packages a Python that comes first may not have. */
const PYTHONS = ["python3", "/usr/bin/python3"];

/** A bounded pool over aiohttp, `aiohttp_client.py`. Undefined if no Python has aiohttp. */
export async function findAiohttp(): Promise<Peer | undefined> {
  for (const python of PYTHONS) {
    const script = "import aiohttp, platform\n" +
      "print(aiohttp.__version__, 'on Python', platform.python_version())";
    const output = await runCommand([python, "-c", script]);
    if (output?.code !== 0) continue;
    return {
      name: "aiohttp, bounded pool",
      program: "aiohttp",
      version: output.stdout.trim(),
      command: ({ url, requests, concurrency }: Load): string[] => {
        return [python, pathOf("bench/aiohttp_client.py"), url, `${requests}`, `${concurrency}`];
      },
      read: (stdout: string): Answers => JSON.parse(stdout),
    };
  }
  return undefined;
}
