#!/usr/bin/env bash
# Apache drops the HTTP/2 requests that it has in hand if another one comes while it restarts gracefully.
#
# A server that ends gracefully says GOAWAY with the last stream id 2^31-1, so that requests that are on
# their way still count, and a round trip later a GOAWAY with the real last one (RFC 9113, 6.8). Apache
# sends the first. The usual guess: `apachectl graceful` answers what was asked so far. But when a request
# comes behind that GOAWAY, as it must while clients are busy, Apache ends the connection by a GOAWAY
# whose error code 4294966394 no registry has (it is nghttp2's -902, "The user callback function failed"),
# and a request that it had accepted long before gets no response, though the server behind has done it.
# No client may send a POST again then: it is within the last stream id.
#
# Needs Debian's apt, to download Apache without installing it, its libraries libpcre2 and libssl, and node
# 18 or later. Seen with apache2-bin 2.4.71-1~deb12u1 and node 20:
#
#   Apache/2.4.71 (Debian)
#   alone:  GOAWAY 2147483647 code 0, response of stream 1, GOAWAY 1 code 0
#   one comes behind the GOAWAY: GOAWAY 2147483647 code 0, GOAWAY 1 code 4294966394
#   the server behind did 2 of 2
set -euo pipefail
folder=$(mktemp -d)
apache=
upstream=
trap 'kill $apache $upstream 2>/dev/null || true; sleep 0.5; rm -rf "$folder"' EXIT
chmod 755 "$folder"
cd "$folder"
apt-get download -qq apache2-bin=2.4.71-1~deb12u1 libapr1 libaprutil1 libnghttp2-14 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" .; done
LD_LIBRARY_PATH=$(echo "$folder"/usr/lib/*-linux-gnu)
export LD_LIBRARY_PATH
usr/sbin/apache2 -v | sed -n 's/^Server version: //p'

cat >upstream.mjs <<'END'
import { appendFileSync } from "node:fs";
import http from "node:http";
http.createServer((request, response) => {
  request.resume().on("end", () =>
    setTimeout(() => {
      if (request.url.endsWith("/1")) appendFileSync("done", "1\n");
      response.end("done");
    }, 600));
}).listen(0, "127.0.0.1", function () { console.log(this.address().port); });
END
node upstream.mjs >upstream.port &
upstream=$!
for _ in $(seq 100); do [ -s upstream.port ] && break; sleep 0.1; done

port=$((20000 + RANDOM % 10000))
{
  echo "ServerRoot $folder"
  for module in mpm_event authz_core http2 proxy proxy_http; do
    echo "LoadModule ${module}_module usr/lib/apache2/modules/mod_$module.so"
  done
  [ "$(id -u)" != 0 ] || printf 'User www-data\nGroup www-data\n'
  cat <<END
ServerName localhost
PidFile $folder/pid
ErrorLog $folder/errors
Protocols h2c http/1.1
ProxyPass / http://127.0.0.1:$(cat upstream.port)/
Listen 127.0.0.1:$port
END
} >conf
usr/sbin/apache2 -DFOREGROUND -f "$folder/conf" &
apache=$!
for _ in $(seq 100); do (: </dev/tcp/127.0.0.1/$port) 2>/dev/null && break; sleep 0.1; done

# Sends a POST on stream 1, has Apache restart gracefully, and sends one on stream 3 behind the GOAWAY.
cat >client.mjs <<'END'
import { Buffer } from "node:buffer";
import net from "node:net";
import process from "node:process";
const [, , port, pid, sendsMore] = process.argv;
const frame = (type, flags, id, body) => {
  const head = Buffer.alloc(9);
  head.writeUIntBE(body.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(id, 5);
  return Buffer.concat([head, body]);
};
// :method POST, :scheme http, :path /ID, :authority host; then a body of one byte.
const post = (id) => Buffer.concat([
  frame(1, 4, id, Buffer.from([0x83, 0x86, 0x04, 2, ...Buffer.from(`/${id}`), 0x01, 4, ...Buffer.from("host")])),
  frame(0, 1, id, Buffer.from("x")),
]);
const events = [];
const socket = net.connect(port, "127.0.0.1");
socket.write(Buffer.concat([
  Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  frame(4, 0, 0, Buffer.alloc(0)),
  post(1),
]));
setTimeout(() => process.kill(Number(pid), "SIGUSR1"), 200);
let rest = Buffer.alloc(0);
socket.on("data", (bytes) => {
  rest = Buffer.concat([rest, bytes]);
  for (let length; rest.length >= 9 && rest.length >= (length = 9 + rest.readUIntBE(0, 3));) {
    const [type, id, body] = [rest[3], rest.readUInt32BE(5), rest.subarray(9, length)];
    if (type === 1 && id === 1) events.push("response of stream 1");
    if (type === 7) {
      events.push(`GOAWAY ${body.readUInt32BE(0)} code ${body.readUInt32BE(4)}`);
      if (sendsMore === "yes" && events.length === 1) socket.write(post(3));
    }
    rest = rest.subarray(length);
  }
});
socket.on("error", () => {});
const tell = () => {
  console.log(events.join(", "));
  process.exit();
};
socket.on("close", tell);
setTimeout(tell, 5000);
END
alone=$(node client.mjs $port $apache no)
echo "alone:  $alone"
sleep 1
more=$(node client.mjs $port $apache yes)
echo "one comes behind the GOAWAY: $more"
sleep 1
echo "the server behind did $(wc -l <done) of 2"
[ "$alone" = "GOAWAY 2147483647 code 0, response of stream 1, GOAWAY 1 code 0" ]
[ "$more" = "GOAWAY 2147483647 code 0, GOAWAY 1 code 4294966394" ]
[ "$(wc -l <done)" = 2 ]
