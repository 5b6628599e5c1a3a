#!/usr/bin/env bash
# Caddy logs the status 0 of answers whose client got 200.
#
# Where no route of a site writes an answer, the server answers 200 with nothing in it, and the access
# log says "status":0. The usual guess is that 0 means a client that went away, or that nobody was
# answered: who counts answers by the log counts these as failures, and who compares it with what
# clients saw finds another status for each of them.
#
# Needs Debian's apt, to download the package without installing it, and curl. Seen with 2.6.2-5:
#
#   caddy 2.6.2
#   the client: HTTP/1.1 200 OK, 0 octets
#   the log: "status":0
set -euo pipefail
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq caddy=2.6.2-5 2>/dev/null
dpkg-deb -x caddy_*.deb .
echo "caddy $(usr/bin/caddy version)"

port=$((20000 + RANDOM % 10000))
cat >Caddyfile <<END
{
	admin off
	auto_https off
}
http://127.0.0.1:$port {
	log {
		output file $folder/access.log
	}
	respond /known "Hello"
}
END
HOME=$folder XDG_DATA_HOME=$folder XDG_CONFIG_HOME=$folder \
  usr/bin/caddy run --adapter caddyfile --config Caddyfile 2>/dev/null &
server=$!
client=
for _ in $(seq 100); do
  client=$(curl -s -o /dev/null -D - -w '%{size_download}' "http://127.0.0.1:$port/unknown") && break
  sleep 0.1
done
echo "the client: $(head -n 1 <<<"$client" | tr -d '\r'), $(tail -n 1 <<<"$client") octets"
for _ in $(seq 50); do [ -s access.log ] && break; sleep 0.1; done
logged=$(grep -o '"status":[0-9]*' access.log | head -n 1)
echo "the log: $logged"
[[ $client == HTTP/1.1\ 200* && $logged == '"status":0' ]]
