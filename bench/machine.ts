import { type Meter, runCommand } from "./meter.ts";
import { debianVersion } from "./peers/debian_version.ts";

/** Prints what figures depend on: the machine, the runtime, and what they are measured with. */
export async function printMachine(meter: Meter): Promise<void> {
  console.log(
    `${await processor()}, ${navigator.hardwareConcurrency} cores, ${memory()}, ` +
      `${Deno.build.os} ${Deno.osRelease()}, Deno ${Deno.version.deno}, ` +
      `${await openFilesLimit()} open files, ${
        meter.hasTime
          ? `GNU time ${await debianVersion("time")}`
          : "no GNU time (Debian's package time): CPU and memory cannot be measured"
      }`,
  );
}

/** What Linux calls it; elsewhere its architecture. */
async function processor(): Promise<string> {
  try {
    const text = await Deno.readTextFile("/proc/cpuinfo");
    return /^model name\s*: (.+)$/m.exec(text)?.[1] ?? Deno.build.arch;
  } catch {
    return Deno.build.arch;
  }
}

function memory(): string {
  return `${(Deno.systemMemoryInfo().total / 2 ** 30).toFixed(0)} GB`;
}

/** How many files a client may open, its sockets among them. */
export async function openFilesLimit(): Promise<number> {
  const text = (await runCommand(["sh", "-c", "ulimit -n"]))?.stdout.trim();
  return text === "unlimited" ? Infinity : Number(text ?? 0);
}

/**
 * Whether so many connections can be open at once; prints why if not. A client needs a few more
 * files.
 */
export async function hasFilesFor(connections: number): Promise<boolean> {
  const limit = await openFilesLimit();
  if (limit >= connections + 100) return true;
  console.log(
    `\n${connections} connections are skipped: ${limit} files may be open: raise 'ulimit -n'`,
  );
  return false;
}
