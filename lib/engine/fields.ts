/**
 * The fields of a head, for who asks for them by name.
 *
 * @module
 */
import type { AnswerHead } from "../types.ts";

const HTAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SP = 0x20;
const COLON = 0x3a;

/**
 * The values of all fields of a name, octet by octet, in their order.
 *
 * @param octets a whole head that `parseHead` has read
 * @param name in lower case
 */
export function fieldsOf(octets: Uint8Array, name: string): string[] {
  const values: string[] = [];
  for (let start = octets.indexOf(LF) + 1; start < octets.length;) {
    const end = octets.indexOf(LF, start);
    if (octets[start + name.length] === COLON && isName(octets, start, name)) {
      values.push(valueOf(octets, start + name.length + 1, end));
    }
    start = end + 1;
  }
  return values;
}

/** Whether octets of a token are a name, in any case. */
function isName(octets: Uint8Array, from: number, name: string): boolean {
  for (let k = 0; k < name.length; k++) {
    const octet = octets[from + k];
    const lower = octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet;
    if (lower !== name.charCodeAt(k)) return false;
  }
  return true;
}

/** What stands between two places, without the white space around it (RFC 9110 §5.5). */
function valueOf(octets: Uint8Array, from: number, to: number): string {
  if (octets[to - 1] === CR) to--;
  while (from < to && isBlank(octets[from])) from++;
  while (to > from && isBlank(octets[to - 1])) to--;
  let text = "";
  for (let k = from; k < to; k++) text += String.fromCharCode(octets[k]);
  return text;
}

function isBlank(octet: number): boolean {
  return octet === SP || octet === HTAB;
}

/** A head as its octets; no text is made of a field before it is asked for. */
export class OctetHead implements AnswerHead {
  readonly status: number;
  readonly #octets: Uint8Array;

  /** @param octets its own, up to and with the empty line: at most `MAX_HEAD_BYTES` */
  constructor(status: number, octets: Uint8Array) {
    this.status = status;
    this.#octets = octets;
  }

  get coding(): string | null {
    const coding = this.field("content-encoding")?.toLowerCase() ?? "";
    return coding === "" || coding === "identity" ? null : coding;
  }

  field(name: string): string | null {
    const values = fieldsOf(this.#octets, name);
    return values.length === 0 ? null : values.join(", ");
  }
}
