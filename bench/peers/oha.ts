import { runCommand } from "../meter.ts";
import type { Answers, Load, Peer } from "./peer.ts";

/** oha: Rust, on all cores. Undefined if it isn't installed. */
export async function findOha(): Promise<Peer | undefined> {
  const version = await runCommand(["oha", "--version"]);
  if (version === undefined) return undefined;
  return oha(version.stdout, (await runCommand(["oha", "--help"]))?.stdout ?? "");
}

/**
 * @param version what it says to `--version`
 * @param help what it says to `--help`: the flag for JSON was another one before 1.9
 */
export function oha(version: string, help: string): Peer {
  const json = help.includes("--output-format") ? ["--output-format", "json"] : ["--json"];
  return {
    name: "oha",
    program: "oha",
    version: /^oha (\S+)/.exec(version)?.[1] ?? "?",
    command: ({ url, concurrency, seconds }: Load): string[] => {
      return ["oha", "--no-tui", ...json, "-z", `${seconds}s`, "-c", `${concurrency}`, url];
    },
    read,
  };
}

/** What is under way when the time is over counts as neither answered nor failed. */
const DEADLINE = "aborted due to deadline";

function read(stdout: string): Answers {
  const { summary, statusCodeDistribution, errorDistribution } = JSON.parse(stdout);
  let [answered, failed] = [0, 0];
  for (const [status, count] of Object.entries<number>(statusCodeDistribution)) {
    if (status.startsWith("2")) answered += count;
    else failed += count;
  }
  for (const [error, count] of Object.entries<number>(errorDistribution)) {
    if (error !== DEADLINE) failed += count;
  }
  // Its own rate has the ones that failed in it.
  return { requests: answered, failed, rate: answered / summary.total };
}
