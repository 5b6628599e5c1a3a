import { projectPath } from "../root.ts";
import { runCommand } from "../meter.ts";
import { IPV6_PREFIX } from "./urls.ts";

/** What makes the namespace; all of it ends with the last process in it. */
const SCRIPT = `
set -e
ip link set lo up
# With no address but those of the loopback, aria2 looks up none at all.
ip addr add 10.0.0.1/32 dev lo
ip -6 addr add fd01::1/128 dev lo
ip -6 route add local ${IPV6_PREFIX}/64 dev lo
mount --bind "$1" /etc/resolv.conf
shift
exec "$@"`;

const NEEDED = ["unshare", "ip", "mount", "nsd", "nsd-control", "nginx"];

/** Why no namespace can be made here, in words; undefined if one can be. */
export async function findLack(): Promise<string | undefined> {
  const missing: string[] = [];
  for (const program of NEEDED) {
    const output = await runCommand(["sh", "-c", 'command -v "$1"', "sh", program]);
    if (output?.code !== 0) missing.push(program);
  }
  if (missing.length > 0) {
    return `it needs ${
      missing.join(", ")
    }: apt-get install util-linux iproute2 mount nsd nginx-light`;
  }
  const output = await runCommand(["unshare", "--net", "--mount", "true"]);
  return output?.code === 0 ? undefined : "it needs root, to make a network namespace";
}

/**
 * Runs a program of the project in a network namespace of its own, whose loopback has all of
 * 127.0.0.0/8 and of {@linkcode IPV6_PREFIX}, with another `resolv.conf`.
 */
export async function runInNamespace(
  resolvConf: string,
  program: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<number> {
  const deno = [Deno.execPath(), "run", "--quiet", "--allow-all", projectPath(program), ...args];
  const child = new Deno.Command("unshare", {
    args: ["--net", "--mount", "sh", "-c", SCRIPT, "sh", resolvConf, ...deno],
  }).spawn();
  // By the name server and nginx it would stay, and a terminal's Ctrl-C may have reached it already.
  const stop = (): void => child.kill("SIGTERM");
  signal.addEventListener("abort", stop, { once: true });
  try {
    return (await child.status).code;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
