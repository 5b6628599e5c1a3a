#!/usr/bin/env bash
# h2load --h1 fails all requests of a connection if one response ends with the connection.
#
# Without Content-Length and without chunks a body ends where the server closes the connection (RFC
# 9112, 6.3), as of every server that speaks HTTP/1.0. The usual guess: the response counts, and the
# next request has a new connection, as after Connection: close with a Content-Length. But h2load
# counts the response as failed, opens no other connection, and fails the requests that it never sent.
#
# Needs Debian's apt, to download the packages without installing them, and node. Seen with
# nghttp2-client 1.52.0-1+deb12u3, 20 requests and 2 connections:
#
#   with a length:  20 succeeded, 0 failed; the server got 20 requests
#   until close:    0 succeeded, 20 failed; the server got 2 requests
set -euo pipefail
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq nghttp2-client=1.52.0-1+deb12u3 libnghttp2-14=1.52.0-1+deb12u3 libev4 libc-ares2 \
  libjansson4 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" .; done
libraries=$(echo "$folder"/usr/lib/*-linux-gnu)

cat >server.mjs <<'END'
import net from "node:net";
import { appendFileSync } from "node:fs";
const server = net.createServer((socket) => {
  socket.on("error", () => {}).once("data", (request) => {
    appendFileSync("requests", "one\n");
    const length = `${request}`.startsWith("GET /length") ? "Content-Length: 5\r\n" : "";
    socket.end(`HTTP/1.1 200 OK\r\n${length}Connection: close\r\n\r\nHello`);
  });
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
END
node server.mjs >port &
server=$!
for _ in $(seq 100); do [ -s port ] && break; sleep 0.1; done

load() {
  : >requests
  LD_LIBRARY_PATH=$libraries usr/bin/h2load --h1 -n 20 -c 2 "http://127.0.0.1:$(cat port)/$1" >said
  echo "$(sed -n 's/^requests: .* \([0-9]* succeeded, [0-9]* failed\), .*/\1/p' said);" \
    "the server got $(wc -l <requests) requests"
}
length=$(load length)
close=$(load close)
echo "with a length:  $length"
echo "until close:    $close"
[ "$length" = "20 succeeded, 0 failed; the server got 20 requests" ]
[ "$close" = "0 succeeded, 20 failed; the server got 2 requests" ]
