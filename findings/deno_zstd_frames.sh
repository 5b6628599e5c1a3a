#!/usr/bin/env bash
# Deno 2.9.6: of several frames of Zstandard, `node:zlib` decompresses the first one, and says nothing.
#
# The usual guess: a file of several frames decompresses to the data of all, one behind the other
# (RFC 8878 §3), as `zstd -d` does it, and as `node:zlib` does it with several members of gzip. `cat
# a.zst b.zst`, log rotation and `pzstd` make such files. In Deno, the stream ends and the call returns
# after the first frame, without an error; the rest is lost.
#
# Seen:
#   gzip stream: first second
#   zstd stream: first
#   gzip call: first second
#   zstd call: first
#
# Needs npm. Exits with 1 if the behaviour is another.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-fund --no-audit deno@2.9.6 > /dev/null
deno=$work/node_modules/.bin/deno
"$deno" --version | head -n 1
cat > frames.mjs << 'EOS'
import { Buffer } from "node:buffer";
import zlib from "node:zlib";
const join = (compress) => Buffer.concat([compress("first "), compress("second")]);
const files = {
  gzip: [join(zlib.gzipSync), zlib.createGunzip, zlib.gunzipSync],
  zstd: [join(zlib.zstdCompressSync), zlib.createZstdDecompress, zlib.zstdDecompressSync],
};
for (const [name, [bytes, createStream]] of Object.entries(files)) {
  let text = "";
  for await (const data of createStream().end(bytes)) text += data;
  console.log(`${name} stream: ${text.trim()}`);
}
for (const [name, [bytes, , decompress]] of Object.entries(files)) {
  console.log(`${name} call: ${decompress(bytes).toString().trim()}`);
}
EOS
"$deno" run frames.mjs | tee seen
diff seen - << 'EOS'
gzip stream: first second
zstd stream: first
gzip call: first second
zstd call: first
EOS
