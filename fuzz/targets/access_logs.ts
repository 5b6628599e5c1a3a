import { LOG_FORMATS } from "../../lib/commands/verify/log_formats.ts";
import { IisLog } from "../../lib/commands/verify/iis_log.ts";
import { PATH, STATUS } from "../../lib/commands/verify/path_status.ts";
import { RequestPath } from "../../lib/commands/verify/request_path.ts";
import { readLines } from "../../lib/scan/byte_lines.ts";
import { openPieces, readInPiecesLater } from "../pieces.ts";
import { type FuzzTarget, hold, holdEqual, toText } from "../target.ts";

export const target: FuzzTarget = {
  reads: "access logs of servers in each format, line by line, in pieces",
  seeds: [
    '127.0.0.1 - - [01/Jan/2026:00:00:00 +0000] "GET /a?b=c HTTP/1.1" 200 5 "-" "curl"\n',
    'h "" [01/Jan/2026:00:00:00 +0000] "GET http://h/a\\x22b\\" HTTP/1.1" 404 5\n"x\\"" "GET /" 200',
    '{"path":"/a","status":200}\n{"logger":"http.log.access","status":0,"request":{"uri":"/\\u00e4"}}\n',
    "#Fields: date cs-uri-stem cs-uri-query sc-status\n2026 /a+b c=d 200\n2026 /%2541 - 404\r\n",
    '[2016-04-15T20:17:00.310Z] "POST /api HTTP/2" 204 - 154\n[x] "GET /\\"a HTTP/1.1" 0 DC\n',
    '10.0.1.2:33317 [06/Feb/2009:12:14:14.655] in s/1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 "GET /#22 HTTP/1.1"\n',
    'http 2018-07-02T22:23:00Z app/x 1:2 3:4 0 0 0 200 200 34 366 "GET http://h:80/a\\x22 HTTP/1.1" "c"\n',
  ],
  tokens: [
    '"',
    "\\x22",
    "\\",
    " ",
    "[",
    "]",
    "HTTP/1.1",
    "#Fields:",
    "200",
    "#22",
    "/../",
    "%2e",
    "?",
    "\n",
  ],

  run(input) {
    return readInPiecesLater(input, async (pieces) => {
      const found: string[] = [];
      const formats = LOG_FORMATS.map((format) => ({ name: format.name, scanner: format.open() }));
      const path = new RequestPath();
      await readLines(openPieces(pieces), (bytes, from, to) => {
        for (const { name, scanner } of formats) {
          if (scanner instanceof IisLog && bytes[from] === 0x23) {
            scanner.readDirective(bytes, from, to);
            continue;
          }
          if (!scanner.scan(bytes, from, to)) continue;
          const { starts, ends } = scanner;
          for (const field of [PATH, STATUS]) {
            const isWithin = starts[field] <= ends[field] && ends[field] <= scanner.bytes.length;
            hold(isWithin || scanner.kinds[field] === 0, `a field of ${name} is not in its line`);
            const isOfLine = scanner.bytes !== bytes ||
              (starts[field] >= from && ends[field] <= to);
            hold(isOfLine || scanner.kinds[field] === 0, `a field of ${name} is in another line`);
          }
          if (!path.readPath(scanner, PATH)) continue;
          const text = toText(path.bytes.subarray(path.from, path.to));
          hold(/^\/[!-~]*$/.test(text), `a path of ${name} is not one on the wire`);
          const url = URL.parse(`http://h${text}`);
          holdEqual(url && url.pathname + url.search, text, `a path of ${name} is not normalized`);
          found.push(`${name} ${text}`);
          path.fold();
        }
      }, () => {});
      return JSON.stringify(found);
    });
  },
};
