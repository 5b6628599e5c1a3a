#!/usr/bin/env bash
# Deno's node:zlib gives an empty text, and no error, for damaged brotli.
#
# The usual guess: brotliDecompressSync throws when its input is not brotli, as it does in node, and
# as gunzipSync does in both. So code that trusts it takes a damaged body for an empty one. Seen with
# Deno 2.9.6: `0 bytes`, while a stream of createBrotliDecompress tells the error; node 20 throws
# with both.
#
# Exits with 0 as long as that is so. Needs npx, node 18 or later and the network.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
cat >damaged.mjs <<'JS'
import { brotliCompressSync, brotliDecompressSync, createBrotliDecompress } from "node:zlib";
const text = Uint8Array.from({ length: 3000 }, (_, k) => (k * 2654435761) % 256);
const bytes = brotliCompressSync(text);
if (brotliDecompressSync(bytes).length !== 3000) throw new Error("whole brotli is not decoded");
bytes[126] ^= 0x10;
try {
  console.log(`at once: ${brotliDecompressSync(bytes).length} bytes`);
} catch {
  console.log("at once: an error");
}
createBrotliDecompress().on("error", () => console.log("stream: an error"))
  .on("data", () => {}).on("end", () => console.log("stream: an end")).end(bytes);
JS
echo "node $(node --version)"
node damaged.mjs | tee node_seen
npx -y deno@2.9.6 --version | head -n 1
npx -y deno@2.9.6 run damaged.mjs | tee deno_seen
grep -qx 'at once: an error' node_seen
grep -qx 'stream: an error' node_seen
grep -qx 'at once: 0 bytes' deno_seen
grep -qx 'stream: an error' deno_seen
