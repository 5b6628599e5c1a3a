#!/usr/bin/env bash
# nginx and h2o send 100 Continue over HTTP/1.1 and not over HTTP/2: uploads wait for nothing.
#
# A client that sends Expect: 100-continue keeps the body until it is asked for; a server responds
# at once, with 100 or with the final status (RFC 9110, 10.1.1, for every version). The usual guess:
# a server that does so over HTTP/1.1 does so over HTTP/2. But these two wait for the body in silence,
# and the client waits for them: curl for a second, a client without such a timeout for ever.
#
# Needs Debian's apt, to download the packages without installing them, curl with HTTP/2, and node
# for the server behind. Seen with nginx 1.22.1-9+deb12u11, h2o 2.2.5+dfsg2-7 and curl 7.88.1:
#
#   nginx, HTTP/1.1:  100 200, the body is sent at once
#   nginx, HTTP/2:    200, the body is sent after a second
#   h2o, HTTP/1.1:    100 200, the body is sent at once
#   h2o, HTTP/2:      200, the body is sent after a second
set -euo pipefail
folder=$(mktemp -d)
servers=()
trap 'kill "${servers[@]}" 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq nginx=1.22.1-9+deb12u11 h2o=2.2.5+dfsg2-7 libyaml-0-2 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" .; done
LD_LIBRARY_PATH=$(echo "$folder"/usr/lib/*-linux-gnu)
export LD_LIBRARY_PATH

cat >upstream.mjs <<'END'
import http from "node:http";
const server = http.createServer((request, response) => {
  request.resume().on("end", () => response.end("Hello, World!"));
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
END
node upstream.mjs >port &
servers+=($!)
for _ in $(seq 100); do [ -s port ] && break; sleep 0.1; done
upstream=http://127.0.0.1:$(cat port)/

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
  server { listen 127.0.0.1:$port; location / { proxy_pass $upstream; } }
  server { listen 127.0.0.1:$((port + 1)) http2; location / { proxy_pass $upstream; } }
}
END
cat >h2o.conf <<END
user: $(id -un)
listen: { host: 127.0.0.1, port: $((port + 2)) }
hosts: { default: { paths: { /: { proxy.reverse.url: "$upstream" } } } }
END
usr/sbin/nginx -p "$folder" -c nginx.conf 2>/dev/null &
servers+=($!)
usr/bin/h2o -c h2o.conf >/dev/null 2>&1 &
servers+=($!)

# curl's own libraries are those of this machine.
unset LD_LIBRARY_PATH
for at in 0 2; do
  for _ in $(seq 100); do curl -s -o /dev/null "http://127.0.0.1:$((port + at))/" && break; sleep 0.1; done
done
send() {
  local seconds
  seconds=$(curl -sS -m 10 "$2" -o /dev/null -D head -w '%{time_total}' -H 'Expect: 100-continue' \
    -d body "http://127.0.0.1:$1/")
  sed -n 's/^HTTP[^ ]* \([0-9]*\).*/\1/p' head | paste -sd ' ' | tr -d '\n'
  [ "${seconds%.*}" = 0 ] && echo ", the body is sent at once" || echo ", the body is sent after a second"
}
{
  echo "nginx, HTTP/1.1:  $(send "$port" --http1.1)"
  echo "nginx, HTTP/2:    $(send "$((port + 1))" --http2-prior-knowledge)"
  echo "h2o, HTTP/1.1:    $(send "$((port + 2))" --http1.1)"
  echo "h2o, HTTP/2:      $(send "$((port + 2))" --http2-prior-knowledge)"
} | tee seen
diff seen - <<'END'
nginx, HTTP/1.1:  100 200, the body is sent at once
nginx, HTTP/2:    200, the body is sent after a second
h2o, HTTP/1.1:    100 200, the body is sent at once
h2o, HTTP/2:      200, the body is sent after a second
END
