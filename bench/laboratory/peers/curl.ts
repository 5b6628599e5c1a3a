import type { Measured } from "../../meter.ts";
import { findCurl } from "../../peers/curl.ts";
import { type Client, FAILED, OK, type Order, type Report } from "../client.ts";

/** Asked for more, curl before 8.16 falls back to its default of 50. */
const MAX_IN_FLIGHT = 300;

/** curl with `--parallel`. Undefined if it isn't installed, or has no `--parallel`. */
export async function findCurlClient(): Promise<Client | undefined> {
  const found = await findCurl();
  if (found === undefined) return undefined;
  return {
    name: "curl --parallel",
    version: found.version,
    protocols: ["http", "https", "h2"],
    // It makes one again after each failure of `--retry`, however it is told to wait between.
    hasRetries: true,
    hasPauses: false,
    command: ({ list, concurrency, protocol, timeoutSeconds, retries, folder }) => {
      const script = `sed 's|.*|url = "&"\\noutput = "/dev/null"|' "$1" > "$2"; shift 2; exec "$@"`;
      const config = `${folder}/curl.config`;
      return [
        ...["sh", "-c", script, "sh", list, config, "curl", "-s", "-k", "--config", config],
        ...["--parallel", "--parallel-immediate"],
        ...["--parallel-max", `${Math.min(MAX_IN_FLIGHT, concurrency)}`],
        ...["--max-time", `${timeoutSeconds}`, protocol === "h2" ? "--http2" : "--http1.1"],
        ...(retries > 0 ? ["--retry", `${retries}`, "--retry-all-errors"] : []),
        ...["-w", "%{url} %{http_code} %{errormsg}\\n"],
      ];
    },
    read,
  };
}

/** A line for each transfer, with its URL, its status, or 000, and what went wrong. */
function read({ requests }: Order, { stdout }: Measured): Promise<Report> {
  const outcomes = new Uint8Array(requests);
  let [ok, failed] = [0, 0];
  for (const [, number, status, message] of stdout.matchAll(/^\S+\/(\d+) (\d{3}) ?(.*)$/gm)) {
    const isOk = status === "200" && message === "";
    outcomes[Number(number)] = isOk ? OK : FAILED;
    if (isOk) ok++;
    else failed++;
  }
  return Promise.resolve({ ok, failed, outcomes });
}
