import { runCommand } from "../meter.ts";

/** The version of a Debian package, for programs that don't tell their own; `?` elsewhere. */
export async function debianVersion(name: string): Promise<string> {
  const output = await runCommand(["dpkg-query", "-W", "-f", "${Version}", name]);
  return output?.stdout.trim() || "?";
}
