/**
 * The tables of HPACK (RFC 7541 §2.3).
 *
 * @module
 */

/** What an entry of a table or a list takes in addition to its text (RFC 7541 §4.1). */
export const FIELD_OVERHEAD_BYTES = 32;

/** A header field. Each character of its name and its value is a byte. */
export class HeaderField {
  readonly name: string;
  readonly value: string;
  /** Bytes that it counts in a table (RFC 7541 §4.1) or in a list of fields (RFC 9113 §6.5.2). */
  readonly size: number;

  constructor(name: string, value: string) {
    this.name = name;
    this.value = value;
    this.size = name.length + value.length + FIELD_OVERHEAD_BYTES;
  }
}

/** The entries of the static table (RFC 7541 appendix A); the first one has index 1. */
export const STATIC_FIELDS: readonly HeaderField[] = `
:authority
:method GET
:method POST
:path /
:path /index.html
:scheme http
:scheme https
:status 200
:status 204
:status 206
:status 304
:status 400
:status 404
:status 500
accept-charset
accept-encoding gzip, deflate
accept-language
accept-ranges
accept
access-control-allow-origin
age
allow
authorization
cache-control
content-disposition
content-encoding
content-language
content-length
content-location
content-range
content-type
cookie
date
etag
expect
expires
from
host
if-match
if-modified-since
if-none-match
if-range
if-unmodified-since
last-modified
link
location
max-forwards
proxy-authenticate
proxy-authorization
range
referer
refresh
retry-after
server
set-cookie
strict-transport-security
transfer-encoding
user-agent
vary
via
www-authenticate`.trim().split("\n").map((line) => {
  const space = line.indexOf(" ");
  return space < 0
    ? new HeaderField(line, "")
    : new HeaderField(line.slice(0, space), line.slice(space + 1));
});

/** What fills the places without an entry. */
const NOTHING = new HeaderField("", "");

/**
 * The fields that the other end has put into the table of its connection (RFC 7541 §2.3.2). It is a
 * ring, so that an entry moves no other:
 *
 *     ring   [ newest - 2 | newest - 1 | newest |  …empty…  | oldest | … ]
 *     index          63+1         62+1       62                    61 + count
 */
export class DynamicTable {
  /** The bound of {@linkcode maxBytes}. */
  readonly limit: number;
  /** How many bytes its entries may have at present. */
  #maxBytes: number;
  /** The number of bytes of all entries, with their overhead; at most the maximum. */
  #bytes = 0;
  /** A power of 2 of places: as many entries as there is room for, each at least the overhead. */
  readonly #ring: HeaderField[];
  readonly #mask: number;
  #newest = 0;
  #count = 0;
  /** Another number after each change. */
  version = 0;

  /** @param limit the maximum number of bytes that the other end may give it */
  constructor(limit: number) {
    this.limit = limit;
    this.#maxBytes = limit;
    const places = 2 ** Math.ceil(Math.log2(Math.max(1, limit / FIELD_OVERHEAD_BYTES)));
    this.#ring = new Array<HeaderField>(places).fill(NOTHING);
    this.#mask = places - 1;
  }

  /** An entry; 0 is the newest. Undefined if there are not as many. */
  at(k: number): HeaderField | undefined {
    return k < this.#count ? this.#ring[(this.#newest - k) & this.#mask] : undefined;
  }

  /**
   * Adds an entry, and evicts old ones for its room (RFC 7541 §4.4). One that is larger than the
   * table empties it, and is not added.
   */
  add(field: HeaderField): void {
    this.version++;
    const { size } = field;
    this.#evict(this.#maxBytes - size);
    if (size > this.#maxBytes) return;
    this.#newest = (this.#newest + 1) & this.#mask;
    this.#ring[this.#newest] = field;
    this.#count++;
    this.#bytes += size;
  }

  /** @param maxBytes how many bytes the entries may have from now on; up to {@linkcode limit} */
  resize(maxBytes: number): void {
    this.version++;
    this.#maxBytes = maxBytes;
    this.#evict(maxBytes);
  }

  /** Evicts the oldest entries until the others have at most so many bytes. */
  #evict(bytes: number): void {
    while (this.#bytes > bytes && this.#count > 0) {
      const oldest = (this.#newest - --this.#count) & this.#mask;
      this.#bytes -= this.#ring[oldest].size;
      this.#ring[oldest] = NOTHING;
    }
  }
}
