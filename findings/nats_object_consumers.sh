#!/usr/bin/env bash
# Each object that a NATS client gets leaves a consumer on the server for five minutes.
#
# An object store is a stream, and its chunks are read by a consumer that the client makes for it. The
# usual guess: it is gone when the object has been read, or at the latest with the connection that
# made it, for nobody else knows its name. But the client never deletes it, and the server keeps it
# until nobody has asked it for 5 minutes. keys() of a key-value bucket leaves one as well. Workers
# that together get 100 objects a second keep 30,000 consumers on the server.
#
# Needs Debian's apt, to download nats-server without installing it, and node with npm. Seen with
# nats-server 2.9.10-1+b3, @nats-io/obj, @nats-io/kv and @nats-io/transport-node 3.4.0:
#
#   nats-server: v2.9.10
#   20 objects got:       20 consumers
#   20 times keys():      20 consumers
#   connection closed:    40 consumers, the server forgets each after 300 s
set -euo pipefail
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; wait $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq nats-server=2.9.10-1+b3 2>/dev/null
dpkg-deb -x nats-server_*.deb .
npm install --silent --no-fund --no-audit --prefix "$folder" @nats-io/transport-node@3.4.0 \
  @nats-io/jetstream@3.4.0 @nats-io/obj@3.4.0 @nats-io/kv@3.4.0 >/dev/null
usr/sbin/nats-server -v

usr/sbin/nats-server -a 127.0.0.1 -p -1 -js -sd "$folder/store" --ports_file_dir "$folder" \
  >log 2>&1 &
server=$!
for _ in $(seq 100); do [ -s nats-server_*.ports ] && break; sleep 0.1; done

cat >count.mjs <<'END'
import { readFileSync } from "node:fs";
import { jetstreamManager } from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";
import { Objm } from "@nats-io/obj";
import { connect } from "@nats-io/transport-node";

const [servers] = JSON.parse(readFileSync(process.argv[2], "utf8")).nats;
const connection = await connect({ servers });
const files = await new Objm(connection).create("files", { storage: "memory" });
const pairs = await new Kvm(connection).create("pairs", { storage: "memory" });
const countConsumers = async (manager, stream) =>
  (await manager.streams.info(stream)).state.consumer_count;

const manager = await jetstreamManager(connection);
await files.putBlob({ name: "part" }, new Uint8Array(100_000));
for (let i = 0; i < 20; i++) {
  if ((await files.getBlob("part")).length !== 100_000) process.exit(1);
}
const ofFiles = await countConsumers(manager, "OBJ_files");
console.log(`20 objects got:       ${ofFiles} consumers`);
await pairs.put("key", "value");
for (let i = 0; i < 20; i++) {
  for await (const key of await pairs.keys()) if (key !== "key") process.exit(1);
}
const ofPairs = await countConsumers(manager, "KV_pairs");
console.log(`20 times keys():      ${ofPairs} consumers`);
await connection.close();

const second = await connect({ servers });
const observer = await jetstreamManager(second);
await new Promise((resolve) => setTimeout(resolve, 2_000));
const left = await countConsumers(observer, "OBJ_files") +
  await countConsumers(observer, "KV_pairs");
const [{ config }] = await observer.consumers.list("OBJ_files").next();
const seconds = config.inactive_threshold / 1e9;
console.log(`connection closed:    ${left} consumers, the server forgets each after ${seconds} s`);
await second.close();
process.exit(ofFiles === 20 && ofPairs === 20 && left === 40 && seconds === 300 ? 0 : 1);
END
node count.mjs nats-server_*.ports
