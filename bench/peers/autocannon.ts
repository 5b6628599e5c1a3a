import { runCommand } from "../meter.ts";
import type { Answers, Load, Peer } from "./peer.ts";

/**
 * autocannon: Node, one thread. It is installed from npm into a folder, and run from there: npx
 * would be measured too. Undefined if it cannot be installed.
 *
 * @param directory where to install it
 */
export async function findAutocannon(directory: string): Promise<Peer | undefined> {
  const install = ["install", "--silent", "--no-audit", "--no-fund", "--prefix", directory];
  await runCommand(["npm", ...install, "autocannon@8"]);
  const folder = `${directory}/node_modules/autocannon`;
  let version;
  try {
    version = JSON.parse(await Deno.readTextFile(`${folder}/package.json`)).version;
  } catch {
    return undefined;
  }
  const node = (await runCommand(["node", "--version"]))?.stdout.trim();
  if (node === undefined) return undefined;
  return {
    name: "autocannon",
    program: "autocannon",
    version: `${version} on Node ${node}`,
    command: ({ url, concurrency, seconds }: Load): string[] => {
      // Given a count it ends at a whole second all the same, and counts that in.
      const load = ["-c", `${concurrency}`, "-d", `${seconds}`];
      return ["node", `${folder}/autocannon.js`, "--json", "--no-progress", ...load, url];
    },
    read,
  };
}

function read(stdout: string): Answers {
  const result = JSON.parse(stdout);
  return {
    requests: result["2xx"],
    // Timeouts are among the errors.
    failed: result.non2xx + result.errors,
    rate: result["2xx"] / result.duration,
  };
}
