#!/usr/bin/env bash
# Deno 2.9.6: a socket of `node:tls` that was resumed once can be paused no more.
#
# The usual guess: `pause()` stops the reads of a socket, as the first time, so that TCP holds the
# other end back. It does so for sockets of `node:net`, and in Node for both. A socket of `node:tls` in
# Deno stops the first time; after the first `resume()`, everything is read and told, whether the
# bytes come by `data` or by `onread`, though the listener pauses the socket after each read. A
# program that reads slowly by `pause()`, or pipes into something slow, holds in memory what it did
# not ask for, or gets it faster than it said. TLS over a `Duplex` that reads from a socket of
# `node:net` can be paused below.
#
# Seen, of 4 MB, after three times `resume()`:
#   deno net: a part came
#   deno tls: all came
#   node net: a part came
#   node tls: a part came
#
# Needs npm, Node and openssl. Exits with 1 if the behaviour is another.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-fund --no-audit deno@2.9.6 > /dev/null
deno=$work/node_modules/.bin/deno
"$deno" --version | head -n 1
node --version
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 \
  -subj /CN=localhost 2> /dev/null
cat > pause.mjs << 'EOS'
import fs from "node:fs";
import net from "node:net";
import process from "node:process";
import tls from "node:tls";
const [runtime, kind] = process.argv.slice(2);
const TOTAL = 4_000_000;
const serve = (socket) => socket.on("error", () => {}).write(new Uint8Array(TOTAL));
const server = kind === "net" ? net.createServer(serve) : tls.createServer({
  cert: fs.readFileSync("cert.pem"),
  key: fs.readFileSync("key.pem"),
}, serve);
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const options = { host: "127.0.0.1", port: server.address().port, rejectUnauthorized: false };
const socket = kind === "net" ? net.connect(options) : tls.connect(options);
let bytes = 0;
socket.on("data", (data) => {
  bytes += data.length;
  socket.pause();
});
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
await wait(1_000);
for (let times = 0; times < 3; times++) {
  socket.resume();
  await wait(500);
}
console.log(`${runtime} ${kind}: ${bytes === TOTAL ? "all" : "a part"} came`);
process.exit();
EOS
for kind in net tls; do
  "$deno" run --allow-net --allow-read pause.mjs deno $kind
done | tee seen
for kind in net tls; do
  node pause.mjs node $kind
done | tee -a seen
diff seen - << 'EOS'
deno net: a part came
deno tls: all came
node net: a part came
node tls: a part came
EOS
