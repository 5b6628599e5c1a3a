#!/usr/bin/env bash
# A chain of setImmediate leaves Deno's sockets unread for dozens of turns.
#
# Long work is cut into pieces with setImmediate so that input gets its turn between two of them.
# The usual guess, true in node: sockets are looked at once a turn, so an answer of an echo server
# in the same process is there after 2 to 4 turns. Seen with Deno 2.9.6: about 61 turns for each
# step, 120 to 125 for an echo. With 1 ms a piece that is an eighth of a second.
#
# Exits with 0 as long as that is so. Needs npx, node 18 or later and the network.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
cat >turns.mjs <<'JS'
import net from "node:net";
const server = net.createServer((socket) => socket.pipe(socket));
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const client = net.connect(server.address().port, "127.0.0.1");
await new Promise((resolve) => client.once("data", resolve).write("warm-up"));
const seen = [];
for (let echo = 0; echo < 20; echo++) {
  let turns = 0;
  let isOver = false;
  const turn = () => {
    turns++;
    // A piece of work: enough for the kernel to have everything ready.
    for (const end = performance.now() + 1; performance.now() < end;);
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  await new Promise((resolve) => client.once("data", resolve).write("ping"));
  isOver = true;
  seen.push(turns);
}
seen.sort((a, b) => a - b);
console.log(`turns until an echo is read, median: ${seen[10]}`);
client.destroy();
server.close();
JS
echo "node $(node --version)"
node turns.mjs | tee node_seen
npx -y deno@2.9.6 --version | head -n 1
npx -y deno@2.9.6 run --allow-net turns.mjs | tee deno_seen
median() { sed 's/.*: //' "$1"; }
[ "$(median node_seen)" -le 6 ]
[ "$(median deno_seen)" -ge 40 ]
