#!/usr/bin/env bash
# The NATS client of JavaScript ignores the user and the password in a server's URL.
#
# nats://USER:PASSWORD@HOST is how the documentation of NATS writes a server with its user, and how the
# `nats` command and the clients of other languages take it. The usual guess: connect() takes it as
# well, for it takes nats://HOST. But it drops both without a word and connects as nobody, so the server
# says "Authorization Violation", as though the password were wrong. They have to be options.
#
# Needs Debian's apt, to download nats-server without installing it, and node with npm. Seen with
# nats-server 2.9.10-1+b3, @nats-io/transport-node 3.4.0:
#
#   nats-server: v2.9.10
#   as options:  connected
#   in the URL:  Authorization Violation
#   wrong ones:  Authorization Violation
set -euo pipefail
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; wait $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq nats-server=2.9.10-1+b3 2>/dev/null
dpkg-deb -x nats-server_*.deb .
npm install --silent --no-fund --no-audit --prefix "$folder" \
  @nats-io/transport-node@3.4.0 >/dev/null
usr/sbin/nats-server -v

usr/sbin/nats-server -a 127.0.0.1 -p -1 --user somebody --pass something \
  --ports_file_dir "$folder" >log 2>&1 &
server=$!
for _ in $(seq 100); do [ -s nats-server_*.ports ] && break; sleep 0.1; done

cat >show.mjs <<'END'
import { readFileSync } from "node:fs";
import { connect } from "@nats-io/transport-node";

const [url] = JSON.parse(readFileSync(process.argv[2], "utf8")).nats;
const servers = url.replace("nats://", "");
const tell = async (how, options) => {
  let answer = "connected";
  try {
    await (await connect({ reconnect: false, ...options })).close();
  } catch ({ message }) {
    answer = message;
  }
  console.log(`${how}:  ${answer}`);
  return answer;
};
const answers = [
  await tell("as options", { servers, user: "somebody", pass: "something" }),
  await tell("in the URL", { servers: `nats://somebody:something@${servers}` }),
  await tell("wrong ones", { servers, user: "somebody", pass: "anything" }),
];
const isSo = answers[0] === "connected" && /Authorization/.test(answers[1]) &&
  /Authorization/.test(answers[2]);
process.exit(isSo ? 0 : 1);
END
node show.mjs nats-server_*.ports
