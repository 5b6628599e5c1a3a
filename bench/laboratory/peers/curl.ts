import type { Measured } from "../../meter.ts";
import { findCurl, MAX_BEFORE_8_16 } from "../../peers/curl.ts";
import { writeLines } from "../../write_lines.ts";
import { type Client, FAILED, OK, type Order, type Report } from "../client.ts";
import { toBody } from "../mix.ts";

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
    async prepare(order) {
      const urls = (await Deno.readTextFile(order.list)).trimEnd().split("\n");
      const options = toOptions(order).map((line) => `${line}\n`).join("");
      await writeLines(toConfig(order), urls.length, (i) => {
        // Each transfer has options of its own.
        const next = i === 0 ? "" : "next\n";
        return `${next}url = "${urls[i]}"\n${options}${toBodyOptions(urls[i], order)}`;
      });
    },
    command: (order) => [
      ...["curl", "--config", toConfig(order), "--parallel", "--parallel-immediate"],
      ...["--parallel-max", `${Math.min(MAX_BEFORE_8_16, order.concurrency)}`],
    ],
    read,
  };
}

function toConfig({ folder }: Order): string {
  return `${folder}/curl.config`;
}

function toOptions({ protocol, timeoutSeconds, retries }: Order): readonly string[] {
  return [
    ...["silent", "insecure", protocol === "h2" ? "http2" : "http1.1", 'output = "/dev/null"'],
    `max-time = ${timeoutSeconds}`,
    'write-out = "%{url} %{http_code} %{errormsg}\\n"',
    ...(retries > 0 ? [`retry = ${retries}`, "retry-all-errors"] : []),
  ];
}

/** An upload has its body in chunks, where there are such. */
function toBodyOptions(url: string, { protocol }: Order): string {
  const body = toBody(url);
  if (body === "") return "";
  const isChunked = url.includes("/upload/") && protocol !== "h2";
  return `data = "${body}"\n${isChunked ? 'header = "Transfer-Encoding: chunked"\n' : ""}`;
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
