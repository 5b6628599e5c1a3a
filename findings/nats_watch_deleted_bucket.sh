#!/usr/bin/env bash
# A watch of a NATS key-value bucket goes on without a word when the bucket is deleted.
#
# watch() gives each change of a bucket, and comes back by itself after a lost connection. The usual
# guess: if somebody deletes the bucket, the watch ends, or its loop throws; if the bucket is made anew
# under the same name, it hears that. But it neither ends nor throws, and hears nothing any more, though
# the connection is fine and get() works. Whoever waits for a key waits for good.
#
# Needs Debian's apt, to download nats-server without installing it, and node with npm. Seen with
# nats-server 2.9.10-1+b3, @nats-io/kv, @nats-io/jetstream and @nats-io/transport-node 3.4.0:
#
#   nats-server: v2.9.10
#   before:                           1 change heard
#   20 s after the bucket is deleted: 1 change heard, the loop goes on
#   20 s after it was made anew:      1 change heard, the loop goes on; get() has the new value
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
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

let heard = 0;
let state = "the loop goes on";
const watch = await pairs.watch({ key: "color" });
(async () => {
  for await (const _ of watch) heard++;
  state = "the loop has ended";
})().catch(({ message }) => state = `the loop has thrown ${message}`);
await pairs.put("color", "red");
await sleep(500);
console.log(`before:                           ${heard} change heard`);
const before = heard;

const manager = await jetstreamManager(connection);
await manager.streams.delete("KV_pairs");
await sleep(20_000);
console.log(`20 s after the bucket is deleted: ${heard} change heard, ${state}`);
const after = state;

const anew = await new Kvm(connection).create("pairs");
await anew.put("color", "green");
await sleep(20_000);
const has = (await anew.get("color")).string() === "green";
console.log(
  `20 s after it was made anew:      ${heard} change heard, ${state}; get() has ` +
    (has ? "the new value" : "another value"),
);
const isSo = before === 1 && heard === 1 && has && after === state && state === "the loop goes on";
await connection.close();
process.exit(isSo ? 0 : 1);
END
node show.mjs nats-server_*.ports
