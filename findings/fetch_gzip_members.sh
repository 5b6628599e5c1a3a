#!/usr/bin/env bash
# Deno's fetch gives the first member of a gzip body, and says nothing of the others.
#
# gzip is a row of members (RFC 1952 §2.2): `cat a.gz b.gz` is one, and servers that append to a
# compressed file, or flush by members, send it. The usual guess: fetch gives all of it, as
# that of node does. Seen with Deno 2.9.6: `200` and the first member; node 20 gives both.
#
# Exits with 0 as long as that is so. Needs npx, node 18 or later and the network.
set -euo pipefail
cd "$(mktemp -d)"
trap 'kill "$server" 2>/dev/null || true; rm -rf "$PWD"' EXIT
cat >server.mjs <<'JS'
import http from "node:http";
import { gzipSync } from "node:zlib";
const body = Buffer.concat([gzipSync("first "), gzipSync("second")]);
const server = http.createServer((_, answer) => {
  answer.writeHead(200, { "content-encoding": "gzip", "content-length": body.length }).end(body);
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
JS
cat >client.mjs <<'JS'
const answer = await fetch(`http://127.0.0.1:${process.argv[2]}/`);
console.log(`${answer.status}: ${await answer.text()}`);
JS
node server.mjs >port &
server=$!
until [ -s port ]; do sleep 0.1; done
echo "node $(node --version)"
node client.mjs "$(cat port)" | tee node_seen
npx -y deno@2.9.6 --version | head -n 1
npx -y deno@2.9.6 run --allow-net client.mjs "$(cat port)" | tee deno_seen
grep -qx '200: first second' node_seen
grep -qx '200: first ' deno_seen
