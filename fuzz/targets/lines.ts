import { findCompression } from "../../lib/unpack/compressions.ts";
import { readInput } from "../read_input.ts";
import { type FuzzTarget, holdEqual } from "../target.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true });

export const target: FuzzTarget = {
  reads: "inputs of lines, in pieces, in UTF-8 and UTF-16, against splitting the whole text",
  seeds: [
    "http://h/1\nhttp://h/2\r\nhttp://h/3\rhttp://h/4",
    "\ufeffhttp://user:pass@h/\n\n# comment\n  http://h/ \n",
    Uint8Array.from("\xff\xfeh\0t\0t\0p\0:\0/\0/\0h\0/\0\n\0x\0", (it) => it.charCodeAt(0)),
    Uint8Array.from("\xfe\xff\0h\0\r\0\n\xd8\0\0x", (it) => it.charCodeAt(0)),
    "http://h/ä\xff\u2028\u0085x\nftp://h/\n//h\nWARC",
  ],
  tokens: [
    "\n",
    "\r\n",
    "\r",
    "\xff\xfe",
    "\xfe\xff",
    "\xef\xbb\xbf",
    "\xc3\xa4",
    "\xd8\0",
    "http://",
    "#",
  ],

  async run(input) {
    const result = await readInput(input, "lines");
    if ("error" in result) return result.error;
    const { records } = result.value;
    const isUtf16 = input[0] >= 0xfe && input[1] >= 0xfe;
    let text;
    try {
      text = isUtf16 ? undefined : utf8.decode(input);
    } catch {
      // Such lines are marked.
    }
    if (text !== undefined && findCompression(input) === undefined) {
      const lines = text.split(/\r\n|\r|\n/).filter((line) => line.trim() !== "");
      holdEqual(records, lines, "lines differ");
    }
    return JSON.stringify(result.value);
  },
};
