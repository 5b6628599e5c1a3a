import { runCommand } from "../meter.ts";
import { type Answers, type Load, numberIn, type Peer, requiredNumberIn } from "./peer.ts";

/** ab of Apache: C, one thread, HTTP/1.0. Undefined if it isn't installed. */
export async function findAb(): Promise<Peer | undefined> {
  const output = await runCommand(["ab", "-V"]);
  if (output === undefined) return undefined;
  const version = /Version (\S+)/.exec(output.stdout)?.[1] ?? "?";
  return { name: "ab -k", program: "ab", version, command, read };
}

function command({ url, requests, concurrency }: Load): string[] {
  return ["ab", "-q", "-k", "-n", `${requests}`, "-c", `${concurrency}`, url];
}

function read(stdout: string): Answers {
  const failed = requiredNumberIn(stdout, /Failed requests:\s+(\d+)/) +
    (numberIn(stdout, /Non-2xx responses:\s+(\d+)/) ?? 0);
  const complete = requiredNumberIn(stdout, /Complete requests:\s+(\d+)/);
  return {
    requests: complete - failed,
    failed,
    rate: requiredNumberIn(stdout, /Requests per second:\s+([\d.]+)/),
  };
}
