import { parseHost } from "../http/url.ts";
import { explainMissingNet, isGranted } from "../process/permission.ts";

/** How long a server may be silent while something is waited for. */
const SILENCE_MS = 60_000;

/** The content of a URL, read as a file is. */
export class RemoteFile {
  readonly #abort: AbortController;
  readonly #body: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
  /** What was received and not read yet. */
  #rest: Uint8Array = new Uint8Array();

  /**
   * Fetches a URL by the runtime, without what the run sends. Redirects are followed.
   *
   * @param fail called with why it cannot be read, in words
   */
  static async open(url: string, fail: (why: string) => never): Promise<RemoteFile> {
    const parsed = URL.parse(url);
    if (parsed === null) return fail("it is not a URL: use one like https://host/path");
    if (parsed.username !== "" || parsed.password !== "") {
      return fail("a URL of an input cannot have credentials: leave them out, or use a file");
    }
    const host = parseHost(url);
    // Asked first, since `fetch` would ask the user.
    if (!isGranted({ name: "net", host })) fail(`no permission: ${explainMissingNet(host)}`);
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), SILENCE_MS);
    let response;
    try {
      response = await fetch(url, { headers: { "User-Agent": "myriad" }, signal: abort.signal });
    } catch (error) {
      return fail(describe(error, abort));
    } finally {
      clearTimeout(timer);
    }
    if (response.ok && response.body !== null) {
      return new RemoteFile(abort, response.body.getReader());
    }
    await response.body?.cancel();
    return fail(`its server responds with status ${response.status}: use another URL`);
  }

  private constructor(
    abort: AbortController,
    body: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>,
  ) {
    this.#abort = abort;
    this.#body = body;
  }

  /** Reads as many bytes as there are, at least one; null at the end. */
  async read(into: Uint8Array): Promise<number | null> {
    if (this.#rest.length === 0) {
      const timer = setTimeout(() => this.#abort.abort(), SILENCE_MS);
      try {
        const { done, value } = await this.#body.read();
        if (done) return null;
        this.#rest = value;
      } catch (error) {
        throw new Error(describe(error, this.#abort));
      } finally {
        clearTimeout(timer);
      }
    }
    const piece = this.#rest.subarray(0, into.length);
    into.set(piece);
    this.#rest = this.#rest.subarray(piece.length);
    return piece.length;
  }

  close(): void {
    this.#body.cancel().catch(() => {});
  }
}

function describe(error: unknown, { signal }: AbortController): string {
  if (signal.aborted) return `its server was silent for ${SILENCE_MS / 1000} s: try again`;
  const cause = error instanceof Error ? error.cause ?? error : error;
  if (cause instanceof Deno.errors.NotCapable) {
    return "no permission for the host that it redirects to: run with --allow-net, or name that URL";
  }
  if (cause instanceof Error && cause.message.includes("invalid peer certificate")) {
    return "the certificate of its server is not trusted: download it, and name the file";
  }
  // The last part tells what was wrong; the others have the URL, which can hold secrets.
  const why = cause instanceof Error ? cause.message.split(": ").at(-1)! : "unknown";
  return `its server cannot be reached, or broke off (${why.slice(0, 200)}): check the URL`;
}
