#!/usr/bin/env bash
# curl 7.88.1 percent-encodes the same value in two ways: with -G in small letters.
#
# `--data-urlencode` writes the bytes of a value in capitals, as RFC 3986 §2.1 says that producers
# should. The usual guess: `-G` puts the same text into the query of the URL instead of the body.
# But there all of it is in small letters, even what the command line itself has encoded in capitals
# with `--data`. To a server that decodes it, this is the same; to one that checks a signature over
# the encoded text, as OAuth 1.0 has it in capitals (RFC 5849 §3.6), it is not.
#
# Needs Debian's apt, to download the packages without installing them, the libraries of curl, and
# python3, whose own server shows what arrives. Seen with curl 7.88.1-10+deb12u15:
#
#   curl 7.88.1
#   --data-urlencode:     q=%C3%A4
#   --data-urlencode -G:  /?q=%c3%a4
#   --data q=%C3%A4 -G:   /?q=%c3%a4
set -euo pipefail
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq curl=7.88.1-10+deb12u15 libcurl4=7.88.1-10+deb12u15 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" .; done
libraries=$(echo "$folder"/usr/lib/*-linux-gnu)
curl() { LD_LIBRARY_PATH=$libraries usr/bin/curl "$@"; }
curl --version | sed -n 's/^\(curl [0-9.]*\).*/\1/p'

cat >server.py <<'END'
from http.server import BaseHTTPRequestHandler, HTTPServer


class Echo(BaseHTTPRequestHandler):
    def do_GET(self):
        length = int(self.headers.get("Content-Length", 0))
        text = self.rfile.read(length) or self.path.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_POST = do_GET

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Echo)
print(server.server_port, flush=True)
server.serve_forever()
END
python3 server.py >port &
server=$!
for _ in $(seq 100); do [ -s port ] && break; sleep 0.1; done
url=http://127.0.0.1:$(cat port)/

body=$(curl -sm 5 --data-urlencode 'q=ä' "$url")
query=$(curl -sm 5 --data-urlencode 'q=ä' -G "$url")
given=$(curl -sm 5 --data 'q=%C3%A4' -G "$url")
echo "--data-urlencode:     $body"
echo "--data-urlencode -G:  $query"
echo "--data q=%C3%A4 -G:   $given"
[ "$body" = "q=%C3%A4" ]
[ "$query" = "/?q=%c3%a4" ]
[ "$given" = "/?q=%c3%a4" ]
