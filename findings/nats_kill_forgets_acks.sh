#!/usr/bin/env bash
# A NATS server that was killed has messages in its work queue that it had confirmed the ack of.
#
# An acked message is taken out of a work queue; ackAck() waits until the server confirms that. The
# usual guess: so a message whose ack was confirmed does not come back, and an empty queue means that
# the work is done. But what the server writes of acks lags behind what it confirms: after kill -9, with
# nothing of its files lost, the stream counts messages again that were acked, and some of them are
# delivered again. What is published and confirmed is all there.
#
# Needs Debian's apt, to download nats-server without installing it, and node with npm. Seen with
# nats-server 2.9.10-1+b3, @nats-io/jetstream and @nats-io/transport-node 3.4.0 (the last two
# numbers vary):
#
#   nats-server: v2.9.10
#   5000 published, 3000 acks confirmed: 2000 left
#   the server is killed, and starts again with the same files: 4899 left
#   2899 of those acked are delivered again
set -euo pipefail
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; wait $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq nats-server=2.9.10-1+b3 2>/dev/null
dpkg-deb -x nats-server_*.deb .
npm install --silent --no-fund --no-audit --prefix "$folder" \
  @nats-io/transport-node@3.4.0 @nats-io/jetstream@3.4.0 >/dev/null
usr/sbin/nats-server -v

cat >show.mjs <<'END'
import { spawn } from "node:child_process";
import { once } from "node:events";
import { AckPolicy, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";

const [port, store] = process.argv.slice(2);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const start = () =>
  spawn("usr/sbin/nats-server", ["-a", "127.0.0.1", "-p", port, "-js", "-sd", store], {
    stdio: "ignore",
  });
let server = start();
process.on("exit", () => server.kill());

const connection = await connect({
  servers: `127.0.0.1:${port}`,
  waitOnFirstConnect: true,
  reconnectTimeWait: 100,
  maxReconnectAttempts: 100,
});
const manager = await jetstreamManager(connection);
const client = jetstream(connection);
await manager.streams.add({ name: "work", subjects: ["work"], retention: "workqueue" });
await manager.consumers.add("work", {
  durable_name: "workers",
  ack_policy: AckPolicy.Explicit,
  ack_wait: 3e9,
  max_ack_pending: 10_000,
});
for (let i = 0; i < 5_000; i += 500) {
  await Promise.all(Array.from({ length: 500 }, (_, k) => client.publish("work", `${i + k}`)));
}
const consumer = await client.consumers.get("work", "workers");
const acked = new Set();
let acks = [];
for await (const message of await consumer.fetch({ max_messages: 3_000, expires: 10_000 })) {
  acks.push(message.ackAck().then((isAcked) => isAcked && acked.add(message.string())));
  if (acks.length === 100) acks = void await Promise.all(acks) ?? [];
}
await Promise.all(acks);
const countLeft = async () => (await manager.streams.info("work")).state.messages;
const before = await countLeft();
console.log(`5000 published, ${acked.size} acks confirmed: ${before} left`);

server.kill("SIGKILL");
await once(server, "exit");
server = start();
await sleep(2_000);
const after = await countLeft();
console.log(`the server is killed, and starts again with the same files: ${after} left`);
const again = new Set();
for await (const message of await consumer.fetch({ max_messages: 5_000, expires: 6_000 })) {
  if (acked.has(message.string())) again.add(message.string());
  message.ack();
}
console.log(`${again.size} of those acked are delivered again`);
await connection.close();
process.exit(acked.size === 3_000 && before === 2_000 && after > 2_000 ? 0 : 1);
END
node show.mjs "$((11000 + RANDOM % 20000))" "$folder/store"
