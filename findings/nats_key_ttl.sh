#!/usr/bin/env bash
# A key with a time to live stays for good in a NATS server that is too old for it, without a word.
#
# create(key, value, "2s") of a key-value bucket makes a key that the server removes after 2 s, as for
# a lock; servers have that from 2.11 on. The usual guess: the client refuses it at an older one, as it
# refuses other options with the version that they need. But it sends the time as a header field, which
# the server stores with the value and does not know: the key stays, and a lock is never free again.
#
# Needs Debian's apt, to download nats-server without installing it, and node with npm. Seen with
# nats-server 2.9.10-1+b3, @nats-io/kv, @nats-io/jetstream and @nats-io/transport-node 3.4.0:
#
#   nats-server: v2.9.10
#   create("lock", "mine", "2s"):    revision 1
#   4 s later:                       'mine' of revision 1
#   create("lock", "theirs", "2s"):  wrong last sequence: 1
#   metadata of a stream instead:    stream 'metadata' requires server 2.10.0
set -euo pipefail
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; wait $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq nats-server=2.9.10-1+b3 2>/dev/null
dpkg-deb -x nats-server_*.deb .
npm install --silent --no-fund --no-audit --prefix "$folder" \
  @nats-io/transport-node@3.4.0 @nats-io/jetstream@3.4.0 \
  @nats-io/kv@3.4.0 >/dev/null
usr/sbin/nats-server -v

usr/sbin/nats-server -a 127.0.0.1 -p -1 -js -sd "$folder/store" --ports_file_dir "$folder" \
  >log 2>&1 &
server=$!
for _ in $(seq 100); do [ -s nats-server_*.ports ] && break; sleep 0.1; done

cat >show.mjs <<'END'
import { readFileSync } from "node:fs";
import { jetstreamManager } from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";
import { connect } from "@nats-io/transport-node";

const [servers] = JSON.parse(readFileSync(process.argv[2], "utf8")).nats;
const connection = await connect({ servers });
const pairs = await new Kvm(connection).create("pairs");
const tell = async (promise) => {
  try {
    return `${await promise}`;
  } catch ({ message }) {
    return message;
  }
};
const created = await tell(pairs.create("lock", "mine", "2s"));
console.log(`create("lock", "mine", "2s"):    revision ${created}`);
await new Promise((resolve) => setTimeout(resolve, 4_000));
const entry = await pairs.get("lock");
console.log(`4 s later:                       '${entry?.string()}' of revision ${entry?.revision}`);
const second = await tell(pairs.create("lock", "theirs", "2s"));
console.log(`create("lock", "theirs", "2s"):  ${second}`);
const manager = await jetstreamManager(connection);
const refused = await tell(manager.streams.add({ name: "s", subjects: ["s"], metadata: { a: "b" } }));
console.log(`metadata of a stream instead:    ${refused}`);
await connection.close();
const isSo = created === "1" && entry?.string() === "mine" && /wrong last sequence/.test(second) &&
  /2\.10/.test(refused);
process.exit(isSo ? 0 : 1);
END
node show.mjs nats-server_*.ports
