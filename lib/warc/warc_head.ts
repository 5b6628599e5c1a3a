/**
 * The head of a record of a WARC file (ISO 28500:2017, 4 and 5).
 *
 * @module
 */

/** What a head is not, in words that continue "record 7 ...". */
export class WarcHeadError extends Error {
  override name = "WarcHeadError";
}

/** The types of records that hold a response, or stand for one, and have a URL. */
const CAPTURE_TYPES: readonly string[] = ["response", "revisit", "resource"];

/** The first line of a record. */
const VERSION = /^WARC\/(\d{1,3}\.\d{1,3})$/;
/** The versions of ISO 28500:2009 and ISO 28500:2017. */
const VERSIONS: readonly string[] = ["1.0", "1.1"];
/** A name is a token, as in HTTP. */
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Version 1.0 lets a value continue on the next line. */
const FOLD = /\r\n[ \t]+/g;
/** What a URL of the web begins with; crawlers add others, such as `dns:` and `urn:`. */
const WEB = /^https?:/i;
/** Not more than a number can tell exactly. */
const LENGTH = /^\d{1,15}$/;
/** W3CDTF, from a year to nanoseconds, in UTC. */
const DATE = /^\d{4}(?:-\d\d(?:-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?Z)?)?)?$/;

/** The named fields of a record. */
export class WarcHead {
  /** The first value of each field, by its name in lower case. */
  readonly #fields: ReadonlyMap<string, string>;
  /** How many bytes its block has. */
  readonly contentLength: number;
  /** Its type in lower case, such as `response`. */
  readonly type: string;

  /**
   * Reads a head.
   *
   * @param text from the version to the last field, without the empty line behind it
   * @throws {WarcHeadError} If it is not the head of a record.
   */
  static parse(text: string): WarcHead {
    const lines = text.replace(FOLD, " ").split("\r\n");
    const version = VERSION.exec(lines[0])?.[1];
    if (version === undefined) throw new WarcHeadError("does not begin with a version of WARC");
    if (!VERSIONS.includes(version)) {
      throw new WarcHeadError(`has version ${version}, and 1.0 and 1.1 are read`);
    }
    const fields = new Map<string, string>();
    for (let k = 1; k < lines.length; k++) {
      const line = lines[k];
      const colon = line.indexOf(":");
      const name = line.slice(0, Math.max(0, colon)).trimEnd().toLowerCase();
      if (!NAME.test(name)) {
        throw new WarcHeadError("has a line in its head that is not a field");
      }
      const value = line.slice(colon + 1).trim();
      const before = fields.get(name);
      // Of a field that may come several times, the first value is kept.
      if (before === undefined) fields.set(name, value);
      else if (before !== value && name === "content-length") {
        throw new WarcHeadError("has two lengths");
      }
    }
    return new WarcHead(fields);
  }

  private constructor(fields: ReadonlyMap<string, string>) {
    const length = fields.get("content-length");
    if (length === undefined || !LENGTH.test(length)) {
      throw new WarcHeadError("has no valid Content-Length");
    }
    const type = fields.get("warc-type");
    if (type === undefined) throw new WarcHeadError("has no WARC-Type");
    this.#fields = fields;
    this.contentLength = Number(length);
    this.type = type.toLowerCase();
  }

  /** The value of a field; undefined without one. @param name in lower case */
  field(name: string): string | undefined {
    return this.#fields.get(name);
  }

  /** Whether the record holds what a URL led to, or says that it is what another record holds. */
  get isCapture(): boolean {
    return CAPTURE_TYPES.includes(this.type);
  }

  /**
   * The URL that the record is about, without the angle brackets that version 1.0 asked for;
   * undefined without one.
   */
  get targetUri(): string | undefined {
    const uri = this.field("warc-target-uri");
    return uri?.startsWith("<") && uri.endsWith(">") ? uri.slice(1, -1) : uri;
  }

  /** Its {@linkcode targetUri} if that is a URL of http or https; undefined otherwise. */
  get webUrl(): string | undefined {
    const uri = this.targetUri;
    return uri !== undefined && WEB.test(uri) ? uri : undefined;
  }

  /** The digits of its date; undefined without a valid one. */
  get dateDigits(): string | undefined {
    const date = this.field("warc-date");
    return date === undefined || !DATE.test(date) ? undefined : date.replace(/\D/g, "");
  }

  /** Its date in milliseconds since the Unix epoch, with their fraction; NaN without a valid one. */
  get timeMs(): number {
    const date = this.field("warc-date");
    if (date === undefined || !DATE.test(date)) return NaN;
    const [, second, fraction = ""] = /^([^.]*)(\.\d+)?/.exec(date)!;
    const start = Date.parse(fraction === "" ? second : `${second}Z`);
    return fraction === "" ? start : start + Number(`0${fraction}`) * 1000;
  }

  /** Whether its block is a message of HTTP. */
  get isHttp(): boolean {
    return /^application\/http\b/i.test(this.field("content-type") ?? "");
  }
}
