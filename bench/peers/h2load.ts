import { runCommand } from "../meter.ts";
import { type Answers, type Load, type Peer, requiredNumberIn, toMilliseconds } from "./peer.ts";

/**
 * h2load of nghttp2: C++, one thread. Undefined if it isn't installed.
 *
 * @param connections as for {@linkcode h2load}
 */
export async function findH2load(connections?: number): Promise<Peer | undefined> {
  const output = await runCommand(["h2load", "--version"]);
  return output === undefined ? undefined : h2load(output.stdout, connections);
}

/**
 * @param version what it says to `--version`
 * @param connections how many connections share what is in flight, with HTTP/2; by default each
 * request in flight has one of its own, with HTTP/1.1
 */
export function h2load(version: string, connections?: number): Peer {
  const load = ({ concurrency }: Load): string[] =>
    connections === undefined
      ? ["--h1", "-c", `${concurrency}`]
      : ["-c", `${connections}`, "-m", `${Math.ceil(concurrency / connections)}`];
  const name = connections === undefined ? "--h1" : `-c ${connections}`;
  return {
    name: `h2load ${name}`,
    program: "h2load",
    version: /nghttp2\/(\S+)/.exec(version)?.[1] ?? "?",
    // A count it would share out among its connections beforehand, and wait for the unluckiest one.
    command: (given) => {
      const { url, seconds } = given;
      return ["h2load", "-t", "1", ...load(given), "-D", `${seconds}s`, url];
    },
    read,
  };
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
    // Least, most, mean.
    latencyMs: { max: toMilliseconds(/^time for request:\s+\S+\s+(\S+)/m.exec(stdout)?.[1]) },
  };
}
