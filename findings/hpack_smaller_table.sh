#!/usr/bin/env bash
# h2o and lighttpd acknowledge a smaller HPACK table, and do not tell that they use it.
#
# A client that wants to spend less memory announces a SETTINGS_HEADER_TABLE_SIZE below 4,096. A
# server that acknowledges it has to begin its next field block with the size that it takes (RFC
# 7541, 4.2). The usual guess is that any server does, as nginx does. But the blocks of h2o and
# lighttpd begin without it (h2o even refers to its table as before), and a client that checks it,
# such as any made with nghttp2, ends the connection with COMPRESSION_ERROR before the first response.
#
# Needs Debian's apt, to download the packages without installing them. Seen with nghttp2-client
# 1.52.0-1+deb12u3, h2o 2.2.5+dfsg2-7, lighttpd 1.4.69-1 and nginx 1.22.1-9+deb12u11:
#
#   table   nginx  h2o                lighttpd
#   4096    200    200                200
#   2048    200    COMPRESSION_ERROR  COMPRESSION_ERROR
#   0       200    COMPRESSION_ERROR  COMPRESSION_ERROR
set -euo pipefail
folder=$(mktemp -d)
servers=()
trap 'kill "${servers[@]}" 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq nghttp2-client=1.52.0-1+deb12u3 libnghttp2-14=1.52.0-1+deb12u3 libev4 \
  libjansson4 libjemalloc2 libxml2 libicu72 nginx=1.22.1-9+deb12u11 h2o=2.2.5+dfsg2-7 libyaml-0-2 \
  lighttpd=1.4.69-1 libnettle8 libxxhash0 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" .; done
LD_LIBRARY_PATH=$(echo "$folder"/usr/lib/*-linux-gnu)
export LD_LIBRARY_PATH

mkdir files
echo "Hello, World!" >files/index.html
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
  server { listen 127.0.0.1:$port http2; root files; }
}
END
cat >h2o.conf <<END
user: $(id -un)
listen: { host: 127.0.0.1, port: $((port + 1)) }
hosts: { default: { paths: { /: { file.dir: $folder/files } } } }
END
cat >lighttpd.conf <<END
server.bind = "127.0.0.1"
server.port = $((port + 2))
server.document-root = "$folder/files"
index-file.names = ("index.html")
END
usr/sbin/nginx -p "$folder" -c nginx.conf 2>/dev/null &
servers+=($!)
usr/bin/h2o -c h2o.conf >/dev/null 2>&1 &
servers+=($!)
usr/sbin/lighttpd -D -f lighttpd.conf -m "$(echo "$folder"/usr/lib/lighttpd)" 2>/dev/null &
servers+=($!)

ask() {
  usr/bin/nghttp -v --header-table-size="$2" "http://127.0.0.1:$1/" 2>/dev/null |
    grep -oE ':status: [0-9]+|[A-Z]+_ERROR' | grep -v NO_ERROR | sed 's/.* //'
}
for at in 0 1 2; do
  for _ in $(seq 100); do [ "$(ask $((port + at)) 4096)" = 200 ] && break; sleep 0.1; done
done
row='%-7s %-6s %-18s %s\n'
# shellcheck disable=SC2059
{
  printf "$row" table nginx h2o lighttpd
  for size in 4096 2048 0; do
    printf "$row" "$size" "$(ask "$port" $size)" "$(ask $((port + 1)) $size)" "$(ask $((port + 2)) $size)"
  done
} | tee seen
grep -q '^4096 *200 *200 *200$' seen
[ "$(grep -cE '^(2048|0) +200 +COMPRESSION_ERROR +COMPRESSION_ERROR$' seen)" = 2 ]
