#!/usr/bin/env bash
# undici fails a request that the server accepted when the server ends a connection gracefully.
#
# A GOAWAY with NO_ERROR announces that no more streams are taken; those up to its last stream id go
# on to their end (RFC 9113, 6.8). The usual guess: requests in flight get their responses, and the
# next ones get a new connection. But undici fails one of the requests in flight, though its stream
# is within the last id: nearly always the server does what it asks for, and whoever sends a POST
# again after that error has it done twice. nginx sends such a GOAWAY after keepalive_requests
# requests. The client of node gets all the responses.
#
# Needs Debian's apt, to download nginx without installing it, node 20.18 or later with npm, and
# openssl. Seen with undici 7.30.2, nginx 1.22.1-9+deb12u11 and node 20:
#
#   undici 7.30.2, nginx version: nginx/1.22.1
#   node:http2:  GOAWAY with 0, last stream id 9; 5 POSTs: 200 200 200 200 200
#   the server did 5 of 5
#   undici:      5 POSTs: 200 200 200 200 UND_ERR_SOCKET (HTTP/2: "GOAWAY" frame received with code 0)
#   the server did 5 of 5
set -euo pipefail
folder=$(mktemp -d)
nginx=
upstream=
trap 'kill $nginx $upstream 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq nginx=1.22.1-9+deb12u11 2>/dev/null
dpkg-deb -x nginx_*.deb .
npm install --silent --no-fund --no-audit --prefix "$folder" undici@7.30.2 >/dev/null
echo "undici $(node -p 'require("undici/package.json").version'), $(usr/sbin/nginx -v 2>&1)"

cat >upstream.mjs <<'END'
import http from "node:http";
let open = 0;
let done = 0;
const server = http.createServer((request, response) => {
  // The count is told when all work is done.
  const tell = () => open > 0 ? setTimeout(tell, 10) : response.end(`${done}`, () => done = 0);
  if (request.method === "GET") return tell();
  open++;
  request.resume().on("end", () =>
    setTimeout(() => {
      open--;
      done++;
      response.end("done");
    }, 300));
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
END
node upstream.mjs >port &
upstream=$!
for _ in $(seq 100); do [ -s port ] && break; sleep 0.1; done
upstream_port=$(cat port)

openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -subj /CN=localhost 2>/dev/null
port=$((20000 + RANDOM % 10000))
cat >nginx.conf <<END
daemon off;
master_process off;
pid pid;
error_log error.log;
events {}
http {
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  access_log off;
  server {
    listen 127.0.0.1:$port ssl http2;
    ssl_certificate cert.pem;
    ssl_certificate_key key.pem;
    keepalive_requests 5;
    location / { proxy_pass http://127.0.0.1:$upstream_port; }
  }
}
END
usr/sbin/nginx -p "$folder" -c nginx.conf 2>/dev/null &
nginx=$!
for _ in $(seq 100); do [ -s pid ] && break; sleep 0.1; done

cat >client.mjs <<'END'
import http2 from "node:http2";
import { Client } from "undici";
const [port, upstream] = process.argv.slice(2);
const origin = `https://localhost:${port}`;
const tls = { rejectUnauthorized: false };
const tellDone = async () => {
  const response = await fetch(`http://127.0.0.1:${upstream}/`);
  const done = await response.text();
  console.log(`the server did ${done} of 5`);
  return done === "5";
};
const five = (post) => Promise.all(Array.from({ length: 5 }, post));

const session = http2.connect(origin, tls);
let goaway = "no GOAWAY";
session.on("goaway", (code, last) => goaway = `GOAWAY with ${code}, last stream id ${last}`);
const byNode = await five(() => {
  const request = session.request({ ":method": "POST", ":path": "/" });
  request.resume().end("work");
  return new Promise((resolve) => {
    request.on("response", (head) => resolve(head[":status"])).on("error", ({ code }) => resolve(code));
  });
});
console.log(`node:http2:  ${goaway}; 5 POSTs: ${byNode.join(" ")}`);
const isNodeDone = await tellDone();

const client = new Client(origin, { allowH2: true, connect: tls });
const byUndici = await five(async () => {
  try {
    const response = await client.request({ method: "POST", path: "/", body: "work" });
    await response.body.text();
    return response.statusCode;
  } catch ({ code, message }) {
    return `${code} (${message})`;
  }
});
console.log(`undici:      5 POSTs: ${byUndici.join(" ")}`);
await tellDone();
const isFailed = byUndici.filter((one) => `${one}`.includes("GOAWAY")).length === 1;
process.exit(byNode.join() === "200,200,200,200,200" && isFailed && isNodeDone ? 0 : 1);
END
node --no-warnings client.mjs "$port" "$upstream_port"
