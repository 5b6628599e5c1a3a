/**
 * The resident set of another process in units of 1,024 bytes, as `ps` tells it; undefined if it
 * has ended, or there is no `ps`.
 */
export async function readResidentKb(pid: number): Promise<number | undefined> {
  try {
    const { stdout } = await new Deno.Command("ps", {
      args: ["-o", "rss=", "-p", `${pid}`],
      stderr: "null",
    }).output();
    const kb = Number.parseInt(new TextDecoder().decode(stdout));
    return Number.isNaN(kb) ? undefined : kb;
  } catch {
    return undefined;
  }
}
