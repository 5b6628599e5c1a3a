#!/usr/bin/env bash
# Deno.serve sends the body of an answer to HEAD over HTTP/2.
#
# An answer to HEAD has no content (RFC 9110, 9.3.2), so a handler may return what it returns for GET
# and leave the rest to the server, as it does over HTTP/1.1. Over HTTP/2 the body follows in a DATA
# frame. Clients take that for a malformed message (RFC 9113, 8.1.1) and reset the stream: the request
# fails with PROTOCOL_ERROR, though the status and the fields were right. The usual guess is a fault
# of the client, or of a proxy between, for GET of the same URL works.
#
# Needs node with npx. Seen with deno 2.9.6 and node 20:
#
#   deno 2.9.6
#   HTTP/1.1 HEAD: 0 octets of content
#   HTTP/2   HEAD: 13 octets in DATA frames
#   HTTP/2   HEAD by node:http2: ERR_HTTP2_STREAM_ERROR, NGHTTP2_PROTOCOL_ERROR
set -euo pipefail
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit --prefix "$folder" deno@2.9.6 >/dev/null
deno=$folder/node_modules/.bin/deno
"$deno" --version | sed -n 's/^\(deno [0-9.]*\).*/\1/p'

cat >server.ts <<'END'
const onListen = ({ port }: { port: number }) => console.log(port);
Deno.serve({ hostname: "127.0.0.1", port: 0, onListen }, () => new Response("Hello, World!"));
END
"$deno" run --quiet --allow-net=127.0.0.1 server.ts >port &
server=$!
for _ in $(seq 100); do [ -s port ] && break; sleep 0.1; done

cat >client.mjs <<'END'
import { connect } from "node:net";
import http2 from "node:http2";
const port = Number(process.argv[2]);

const talk = (octets) =>
  new Promise((resolve) => {
    const parts = [];
    const socket = connect(port, "127.0.0.1", () => socket.write(octets));
    socket.on("data", (part) => parts.push(part));
    socket.on("close", () => resolve(Buffer.concat(parts)));
    setTimeout(() => socket.destroy(), 1_500);
  });

const one = await talk("HEAD / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
console.log(`HTTP/1.1 HEAD: ${one.length - one.indexOf("\r\n\r\n") - 4} octets of content`);

// The preface, empty SETTINGS, and HEADERS of stream 1 that end it: HEAD, http, / and h.
const fields = Buffer.from([0x02, 4, ...Buffer.from("HEAD"), 0x86, 0x84, 0x01, 1, 0x68]);
const two = await talk(Buffer.concat([
  Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
  Buffer.from([0, 0, fields.length, 1, 5, 0, 0, 0, 1]),
  fields,
]));
let content = 0;
for (let at = 0; at + 9 <= two.length; at += 9 + two.readUIntBE(at, 3)) {
  if (two[at + 3] === 0) content += two.readUIntBE(at, 3);
}
console.log(`HTTP/2   HEAD: ${content} octets in DATA frames`);

const session = http2.connect(`http://127.0.0.1:${port}`);
const request = session.request({ ":method": "HEAD", ":path": "/" });
const came = await new Promise((resolve) => {
  request.on("error", ({ code, message }) => resolve(`${code}, ${message.split(" ").at(-1)}`));
  request.on("end", () => resolve("no error"));
  request.resume();
});
console.log(`HTTP/2   HEAD by node:http2: ${came}`);
session.destroy();
process.exit(content > 0 ? 0 : 1);
END
node client.mjs "$(cat port)"
