#!/usr/bin/env bash
# bsdtar reads WARC, but sees nothing in wget's, and extracts pages of two hosts over each other.
#
# `bsdtar -t` and `-x` know the format by its first bytes. The usual guess: they show what wget has
# saved, and an archive of two sites becomes two folders, as with `wget -r`. But wget writes its URLs
# in angle brackets, and bsdtar leaves such records out without a word: an archive that is full looks
# empty, and the exit status is 0. Without the brackets it has them, but no hosts: the index of one
# site replaces that of the other, and a URL that ends in a slash is no file at all.
#
# Needs Debian's apt, to download the packages without installing them, the libraries of wget, and
# node. Seen with wget 1.21.3-1+deb12u1 and libarchive-tools 3.6.2-1+deb12u5:
#
#   by wget:             3 responses in it, bsdtar lists 0, exits with 0
#   without brackets:    3 responses in it, bsdtar lists 2, exits with 0
#   extracted:           page, of localhost alone
set -euo pipefail
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq wget=1.21.3-1+deb12u1 libarchive-tools=3.6.2-1+deb12u5 \
  libarchive13=3.6.2-1+deb12u5 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" .; done
libraries=$(echo "$folder"/usr/lib/*-linux-gnu)
bsdtar() { LD_LIBRARY_PATH=$libraries usr/bin/bsdtar "$@"; }

cat >server.mjs <<'END'
import http from "node:http";
const server = http.createServer((request, response) => response.end(`of ${request.headers.host}`));
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
END
node server.mjs >port &
server=$!
for _ in $(seq 100); do [ -s port ] && break; sleep 0.1; done
port=$(cat port)
usr/bin/wget -q -4 --no-warc-compression --warc-file=x -O /dev/null "http://127.0.0.1:$port/page" \
  "http://localhost:$port/page" "http://localhost:$port/"
sed '/^WARC-Target-URI: /s/[<>]//g' x.warc >plain.warc

list() {
  local code=0 listed
  bsdtar -tf "$1" >all || code=$?
  listed=$(wc -l <all)
  echo "$(grep -ac '^WARC-Type: response' "$1") responses in it, bsdtar lists $listed, exits with $code"
}
by_wget=$(list x.warc)
plain=$(list plain.warc)
mkdir extracted
bsdtar -xf plain.warc -C extracted
files=$(find extracted -type f -name page -printf '%P\n')
echo "by wget:             $by_wget"
echo "without brackets:    $plain"
echo "extracted:           $files, $(tail -n 1 "extracted/$files" | sed 's/:[0-9]*//') alone"
[ "$by_wget" = "3 responses in it, bsdtar lists 0, exits with 0" ]
[ "$plain" = "3 responses in it, bsdtar lists 2, exits with 0" ]
[ "$files" = page ]
grep -q "^of localhost" extracted/page
