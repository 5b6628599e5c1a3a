/**
 * Transcripts of requests: what was sent for each, and what came back.
 *
 * @module
 */
import type { BodySink, ResponseHead } from "../engine/engine.ts";
import type { Hop } from "../engine/redirect.ts";
import type { RequestTrace, Trace } from "../engine/trace.ts";
import type { Result } from "../result.ts";
import { BodyReadError, type StreamedBody, type Target } from "../target.ts";
import { formatMs } from "../text/format.ts";
import { withoutSecrets } from "../text/secrets.ts";
import type { Channel } from "./channel.ts";
import { type BodyStart, formatBody, formatHead, formatNote, MAX_KEPT_BYTES } from "./format.ts";
import { SecretFilter } from "./secret_filter.ts";

/** Which requests are shown: the first one, with its retries, or all. */
export type Shown = "first" | "all";

/** Writes a transcript of each request that is shown, once it has ended. */
export class Transcripts implements Trace {
  readonly #shown: Shown;
  readonly #channel: Channel;
  readonly #secrets: readonly string[];
  /** The request that is shown, if only one is. */
  #first: Target | undefined;
  /** Those of requests in flight, so as many as the concurrency at most. */
  readonly #open = new Map<Target, Transcript>();

  /** @param secrets what is shown of no request */
  constructor(shown: Shown, channel: Channel, secrets: readonly string[] = []) {
    this.#shown = shown;
    this.#channel = channel;
    this.#secrets = secrets;
  }

  begin(target: Target): RequestTrace | undefined {
    if (this.#shown === "first" && target !== this.#first) {
      if (this.#first !== undefined || !this.#channel.claim()) return undefined;
      this.#first = target;
    }
    const transcript = new Transcript(target, this.#secrets, (text) => {
      this.#open.delete(target);
      this.#channel.write(text);
    });
    this.#open.set(target, transcript);
    return transcript;
  }

  bodyFor(target: Target, { coding }: ResponseHead): BodySink | undefined {
    return this.#open.get(target)?.beginBody(coding);
  }
}

/** A transcript of one request, with its redirects. */
class Transcript implements RequestTrace {
  readonly #write: (text: string) => void;
  readonly #secrets: SecretFilter;
  #text: string;
  #hop: Hop;
  #isSent = false;
  #body: KeptBody | undefined;

  constructor(target: Target, secrets: readonly string[], write: (text: string) => void) {
    this.#secrets = new SecretFilter(secrets);
    this.#write = write;
    this.#hop = target;
    this.#text = formatTitle(target);
  }

  onRequest(head: readonly string[], hop: Hop): void {
    if (hop !== this.#hop) this.#text += formatNote(`redirected to ${withoutSecrets(hop.url)}`);
    else if (this.#isSent) this.#text += formatNote("sent again over another connection");
    this.#hop = hop;
    this.#isSent = true;
    this.#text += formatRequest(head, hop.body, this.#secrets);
  }

  onResponse(head: readonly string[]): void {
    this.#text += formatHead("<", head, this.#secrets);
  }

  /** Begins the body of the final response. */
  beginBody(coding: string | null): BodySink {
    return this.#body = new KeptBody(coding);
  }

  onEnd({ status, ms, error, detail, via }: Result): void {
    if (this.#body !== undefined) this.#text += formatBody("<", this.#body, this.#secrets);
    const where = via?.remote == null ? "" : ` over ${via.remote}`;
    const how = error === undefined ? `${status}` : `failed: ${error}: ${detail}`;
    this.#write(
      `${this.#text}${formatNote(`${this.#secrets.line(how)}, after ${formatMs(ms)}${where}`)}`,
    );
  }
}

/** The line before a request. */
export function formatTitle({ i, method, url }: Target): string {
  return formatNote(`request ${i}: ${method} ${withoutSecrets(url)}`);
}

/** A request as it is sent. */
export function formatRequest(
  head: readonly string[],
  body: Hop["body"],
  secrets: SecretFilter,
): string {
  const text = formatHead(">", head, secrets);
  if (body === undefined) return text;
  try {
    const bytes = body instanceof Uint8Array ? body.subarray(0, MAX_KEPT_BYTES) : readStart(body);
    return text + formatBody(">", { bytes, totalBytes: body.length, coding: null }, secrets);
  } catch (error) {
    if (!(error instanceof BodyReadError)) throw error;
    return text + formatNote(error.message);
  }
}

/** The beginning of a body that is read from files. @throws {BodyReadError} If one cannot be read. */
function readStart(body: StreamedBody): Uint8Array {
  const start = new Uint8Array(Math.min(MAX_KEPT_BYTES, body.length));
  const reader = body.open();
  for (let at = 0; at < start.length;) {
    const bytes = reader.read(start.length - at);
    start.set(bytes, at);
    at += bytes.length;
  }
  return start;
}

/** The beginning of a body that comes in pieces. */
class KeptBody implements BodySink, BodyStart {
  readonly coding: string | null;
  readonly #bytes = new Uint8Array(MAX_KEPT_BYTES);
  totalBytes = 0;

  constructor(coding: string | null) {
    this.coding = coding;
  }

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, Math.min(this.totalBytes, MAX_KEPT_BYTES));
  }

  write(bytes: Uint8Array): void {
    const room = MAX_KEPT_BYTES - this.totalBytes;
    if (room > 0) this.#bytes.set(bytes.subarray(0, room), this.totalBytes);
    this.totalBytes += bytes.length;
  }

  end(): void {}

  discard(): void {}
}
