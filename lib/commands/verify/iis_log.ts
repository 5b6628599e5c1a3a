import { isStatus, PathStatus, percentEncodeByte, STATUS } from "./path_status.ts";

const TAB = 0x09;
const SP = 0x20;
const MINUS = 0x2d;

const STEM = "cs-uri-stem";
const QUERY = "cs-uri-query";
const CODE = "sc-status";

/**
 * Finds path and status in the W3C extended format as IIS writes it: a line `#Fields:` names the
 * columns, with spaces between them; a later one can change them. A value has plus signs instead of
 * spaces, and an empty value is `-`. The stem is the decoded path, and the query is as it was sent:
 * {@linkcode RequestPath.fold} makes them comparable with URLs.
 */
export class IisLog extends PathStatus {
  /** The indexes of columns; -1 for a missing column. */
  #stem = -1;
  #query = -1;
  #status = -1;
  #columns = 0;
  /** The range of the last line's query; empty without a query. */
  #queryFrom = 0;
  #queryTo = 0;

  /**
   * Reads a line that begins with `#`, such as `#Fields: date time cs-uri-stem sc-status`.
   *
   * @returns the name of a needed column that is missing
   */
  readDirective(bytes: Uint8Array, from: number, to: number): string | undefined {
    const line = new TextDecoder().decode(bytes.subarray(from, to));
    const fields = /^#Fields:\s*(.*)$/.exec(line)?.[1].trim().split(/\s+/);
    if (fields === undefined) return undefined;
    this.#columns = fields.length;
    this.#stem = fields.indexOf(STEM);
    this.#query = fields.indexOf(QUERY);
    this.#status = fields.indexOf(CODE);
    return [STEM, CODE].find((name) => !fields.includes(name));
  }

  protected override find(bytes: Uint8Array, from: number, to: number): boolean {
    let stem: [number, number] | undefined;
    let status = -1;
    this.#queryFrom = this.#queryTo = 0;
    let column = 0;
    for (let start = from; start <= to; column++) {
      let end = start;
      while (end < to && bytes[end] !== SP && bytes[end] !== TAB) end++;
      if (end === start) return false;
      if (column === this.#stem) stem = [start, end];
      else if (column === this.#status && end === start + 3) status = start;
      else if (column === this.#query && !(end === start + 1 && bytes[start] === MINUS)) {
        [this.#queryFrom, this.#queryTo] = [start, end];
      }
      start = end + 1;
    }
    if (column !== this.#columns || stem === undefined || status < 0) return false;
    return isStatus(bytes, status, status + 3) && this.setFields(stem, true, [status, status + 3]);
  }

  override text(field: number): string {
    if (field === STATUS) return super.text(field);
    // These characters were decoded: the query is another column, and no fragment is ever sent.
    const stem = super.text(field).replaceAll(/[?#]/g, (it) => percentEncodeByte(it.charCodeAt(0)));
    if (this.#queryTo === this.#queryFrom) return stem;
    let query = "";
    for (const byte of this.bytes.subarray(this.#queryFrom, this.#queryTo)) {
      query += byte < 0x80 ? String.fromCharCode(byte) : percentEncodeByte(byte);
    }
    return `${stem}?${query}`;
  }
}
