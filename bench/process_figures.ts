/** What Linux says of a process. */
export interface ProcessFigures {
  /** User and system time so far, of all its threads. */
  readonly cpuSeconds: number;
  /** The resident set, and the most it ever was, in units of 1,024 bytes. */
  readonly residentKb: number;
  readonly peakKb: number;
  /** Open descriptors. */
  readonly descriptors: number;
}

/** @throws {Deno.errors.NotFound} If the process has ended, or the system is not Linux. */
export async function readProcess(pid: number): Promise<ProcessFigures> {
  // One after the other: what fails leaves no read behind that still goes on.
  const cpuSeconds = await readCpuSeconds(pid);
  const memory = await readMemory(pid);
  return { cpuSeconds, ...memory, descriptors: await countDescriptors(pid) };
}

/** @throws {Deno.errors.NotFound} If the process has ended, or the system is not Linux. */
export async function readMemory(
  pid: number,
): Promise<Pick<ProcessFigures, "residentKb" | "peakKb">> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return {
    residentKb: Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]),
    peakKb: Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1]),
  };
}

/** Linux counts in hundredths of a second, whatever its own clock. */
const TICKS_A_SECOND = 100;

/** @throws {Deno.errors.NotFound} If the process has ended, or the system is not Linux. */
export async function readCpuSeconds(pid: number | string): Promise<number> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  // The name in parentheses may have anything in it; user and system time are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}

async function countDescriptors(pid: number): Promise<number> {
  let count = 0;
  for await (const _ of Deno.readDir(`/proc/${pid}/fd`)) count++;
  return count;
}
