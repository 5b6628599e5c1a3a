#!/usr/bin/env bash
# @std/csv (deno-std 1.4.0): a line break of CRLF within a quoted field is read as LF.
#
# The usual guess: a quoted field is read as it stands (RFC 4180 §2, rule 6: fields with line breaks,
# quotes and commas are put in quotes), as csv-parse reads it. The parser splits its input into lines
# and joins those of a field by LF. So a body or an address that a spreadsheet has written has other
# bytes and another hash, and what `stringify` writes with CRLF does not come back.
#
# Seen:
#   csv-parse: "a\r\nb"
#   @std/csv: "a\nb"
#   @std/csv, what stringify has written: "a\nb"
#
# Needs npm. Exits with 1 if the behaviour is another.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-fund --no-audit deno@2.9.6 deno-std@1.4.0 csv-parse@5.6.0 > /dev/null
deno=$work/node_modules/.bin/deno
"$deno" --version | head -n 1
cat > crlf.mjs << 'EOS'
import { parse } from "./node_modules/deno-std/csv/parse.js";
import { stringify } from "./node_modules/deno-std/csv/stringify.js";
import { parse as parseByOthers } from "csv-parse/sync";
const text = 'id,note\r\n1,"a\r\nb"\r\n';
const show = (rows) => JSON.stringify(rows[1][1]);
console.log(`csv-parse: ${show(parseByOthers(text))}`);
console.log(`@std/csv: ${show(parse(text))}`);
const written = stringify([["id", "note"], ["1", "a\r\nb"]], { headers: false });
console.log(`@std/csv, what stringify has written: ${show(parse(written))}`);
EOS
"$deno" run crlf.mjs | tee seen
diff seen - << 'EOS'
csv-parse: "a\r\nb"
@std/csv: "a\nb"
@std/csv, what stringify has written: "a\nb"
EOS
