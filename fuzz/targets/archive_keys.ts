import { beginCdxjLine, endCdxjLine } from "../../lib/warc/cdxj.ts";
import { toSurt } from "../../lib/warc/surt.ts";
import { decode, type FuzzTarget, hold, holdEqual } from "../target.ts";

export const target: FuzzTarget = {
  reads: "URLs of web archives, which can be anything: keys and lines of a CDX index",
  seeds: [
    "http://www.Example.com:80/A//b/?b=2&a=1#top",
    "https://a@b:81/%2541%/./../x?cfid=1&cftoken=2&sid=0123456789abcdef0123456789abcdef",
    "urn:uuid:1",
    "http://::::::80/ä",
    "http:/a/(a(abcdefghijklmnopqrstuvwx))/b.aspx?c",
  ],
  tokens: ["http://", ":", "%", "%25", "&", "cfid=", "cftoken=", "/(", "sid=", "..", "www1."],
  maxBytes: 65_536,
  maxSteps: (bytes) => 100_000 + 300 * bytes,

  run(input) {
    const url = decode(input);
    const key = toSurt(url);
    hold(/^[!-~]*$/.test(key), "a key has what is not printable ASCII, or a space");
    const capture = {
      url,
      dateDigits: "2026",
      type: "response",
      mediaType: url,
      status: undefined,
      digest: url,
    };
    const beginning = beginCdxjLine(capture);
    const line = endCdxjLine(beginning, { filename: url, offset: 1, length: 2 });
    hold(/^[ -~]*\n$/.test(line), "a line of the index has a line break, or is not ASCII");
    const json = JSON.parse(line.slice(line.indexOf(" ", key.length + 1)));
    holdEqual(json.url, url.toWellFormed(), "the index has another URL");
    return key;
  },
};
