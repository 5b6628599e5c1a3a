#!/usr/bin/env bash
# Deno 2.9.6: `resolve4(name, { ttl: true })` tells the TTL of the address, not that of the alias.
#
# The usual guess: the TTL that comes with an address says how long the name leads to it. Names of
# load balancers and of content networks are aliases (CNAME) with a short TTL, which lead to another
# name in mid-flight; the address at their end may hold for an hour. A cache that trusts the TTL of
# `node:dns` in Deno goes on to the old address for that hour. Node (c-ares) gives the least TTL of
# the chain, so a program that is tested in Node does not show it.
#
# Seen, with an alias that holds for 5 s and an address that holds for 3,600 s:
#   Deno: 127.0.0.9 for 3600 s
#   Node: 127.0.0.9 for 5 s
#
# Needs npm and node. Asks a name server of its own on a free port. Exits with 1 if the behaviour is
# another.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && npm install --silent --no-fund --no-audit deno@2.9.6 > /dev/null)
deno=$work/node_modules/.bin/deno
"$deno" --version | head -n 1
echo "node $(node --version)"
cat > "$work/ask.mjs" << 'EOF'
import { Buffer } from "node:buffer";
import dgram from "node:dgram";
import dns from "node:dns";
import process from "node:process";
// Responds to each question with an alias, and with the address of what it leads to.
const server = dgram.createSocket("udp4");
server.on("message", (query, { port, address }) => {
  let end = 12;
  while (query[end] !== 0) end += 1 + query[end];
  const question = query.subarray(12, end + 5);
  const target = [1, 98, 4, 116, 101, 115, 116, 0];
  const alias = [0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 5, 0, target.length, ...target];
  const host = [...target, 0, 1, 0, 1, 0, 0, 14, 16, 0, 4, 127, 0, 0, 9];
  const head = [query[0], query[1], 0x81, 0x80, 0, 1, 0, 2, 0, 0, 0, 0];
  server.send(Buffer.from([...head, ...question, ...alias, ...host]), port, address);
});
server.bind(0, "127.0.0.1", async () => {
  const resolver = new dns.promises.Resolver();
  resolver.setServers([`127.0.0.1:${server.address().port}`]);
  const [{ address, ttl }] = await resolver.resolve4("a.test", { ttl: true });
  console.log(`${globalThis.Deno ? "Deno" : "Node"}: ${address} for ${ttl} s`);
  process.exit();
});
EOF
{ "$deno" run --allow-all "$work/ask.mjs"; node "$work/ask.mjs"; } | tee "$work/seen"
diff "$work/seen" - << 'EOF'
Deno: 127.0.0.9 for 3600 s
Node: 127.0.0.9 for 5 s
EOF
