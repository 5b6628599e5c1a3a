import { runCommand } from "../meter.ts";
import { type Answers, type Load, type Peer, requiredNumberIn } from "./peer.ts";

/** h2load of nghttp2 with HTTP/1.1: C++, one thread. Undefined if it isn't installed. */
export async function findH2load(): Promise<Peer | undefined> {
  const output = await runCommand(["h2load", "--version"]);
  return output === undefined ? undefined : h2load(output.stdout);
}

/** @param version what it says to `--version` */
export function h2load(version: string): Peer {
  return {
    name: "h2load --h1",
    program: "h2load",
    version: /nghttp2\/(\S+)/.exec(version)?.[1] ?? "?",
    command,
    read,
  };
}

function command({ url, concurrency, seconds }: Load): string[] {
  // A count it would share out among its connections beforehand, and wait for the unluckiest one.
  return ["h2load", "--h1", "-t", "1", "-c", `${concurrency}`, "-D", `${seconds}s`, url];
}

function read(stdout: string): Answers {
  const answered = requiredNumberIn(stdout, /^status codes: (\d+) 2xx,/m);
  // Any status below 400.
  const succeeded = requiredNumberIn(stdout, /^requests: .* (\d+) succeeded,/m);
  // Errors and timeouts among them.
  const failed = requiredNumberIn(stdout, /^requests: .* (\d+) failed,/m);
  const rate = requiredNumberIn(stdout, /^finished in \S+, ([\d.]+) req\/s/m);
  return {
    requests: answered,
    failed: failed + succeeded - answered,
    rate: succeeded === 0 ? 0 : rate * answered / succeeded,
  };
}
