import type { Meter } from "./meter.ts";
import { runCommand } from "./meter.ts";
import { debianVersion } from "./peers/debian_version.ts";

/** Prints what figures depend on: the runtime, the cores, and what they are measured with. */
export async function printMachine(meter: Meter): Promise<void> {
  console.log(
    `Deno ${Deno.version.deno}, ${navigator.hardwareConcurrency} cores, ${await openFilesLimit()}` +
      ` open files, ${
        meter.hasTime
          ? `GNU time ${await debianVersion("time")}`
          : "no GNU time (Debian's package time): CPU and memory of peers cannot be measured"
      }`,
  );
}

/** How many files a client may open, its sockets among them. */
export async function openFilesLimit(): Promise<number> {
  const text = (await runCommand(["sh", "-c", "ulimit -n"]))?.stdout.trim();
  return text === "unlimited" ? Infinity : Number(text ?? 0);
}

/**
 * Whether so many connections can be open at once; says so if not. A client needs a few files
 * besides.
 */
export async function hasFilesFor(connections: number): Promise<boolean> {
  const limit = await openFilesLimit();
  if (limit >= connections + 100) return true;
  console.log(
    `\n${connections} connections are skipped: ${limit} files may be open: raise 'ulimit -n'`,
  );
  return false;
}
