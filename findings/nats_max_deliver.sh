#!/usr/bin/env bash
# After max_deliver, NATS keeps a message in its work queue, where no number counts it.
#
# max_deliver bounds how often a message is tried. The usual guess: after that it is gone, or counts as
# failed somewhere; and a work queue is done when its consumer has 0 messages pending and 0 that wait
# for an ack. But the message stays in the stream for good and is never delivered, while the consumer
# says 0 and 0, as though all were done. Only the stream's own count of messages has it, and an
# advisory that is published once, to whoever listens at that moment.
#
# Needs Debian's apt, to download nats-server without installing it, and node with npm. Seen with
# nats-server 2.9.10-1+b3, @nats-io/jetstream and @nats-io/transport-node 3.4.0:
#
#   nats-server: v2.9.10
#   max_deliver 2: delivery 1, delivery 2, nothing
#   the consumer:  0 pending, 0 wait for an ack
#   the stream:    1 message, also after a consumer with max_deliver 3 has asked
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

usr/sbin/nats-server -a 127.0.0.1 -p -1 -js -sd "$folder/store" --ports_file_dir "$folder" \
  >log 2>&1 &
server=$!
for _ in $(seq 100); do [ -s nats-server_*.ports ] && break; sleep 0.1; done

cat >show.mjs <<'END'
import { readFileSync } from "node:fs";
import { AckPolicy, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";

const [servers] = JSON.parse(readFileSync(process.argv[2], "utf8")).nats;
const connection = await connect({ servers });
const manager = await jetstreamManager(connection);
const client = jetstream(connection);
await manager.streams.add({ name: "work", subjects: ["work"], retention: "workqueue" });
await manager.consumers.add("work", {
  durable_name: "workers",
  ack_policy: AckPolicy.Explicit,
  ack_wait: 0.5e9,
  max_deliver: 2,
});
await client.publish("work", "a task");
const consumer = await client.consumers.get("work", "workers");
const ask = async () => {
  const message = await consumer.next({ expires: 2_000 });
  return message === null ? "nothing" : `delivery ${message.info.deliveryCount}`;
};
const answers = [await ask(), await ask(), await ask()];
console.log(`max_deliver 2: ${answers.join(", ")}`);
const { num_pending, num_ack_pending } = await consumer.info();
console.log(`the consumer:  ${num_pending} pending, ${num_ack_pending} wait for an ack`);
await manager.consumers.update("work", "workers", { max_deliver: 3 });
answers.push(await ask());
const { messages } = (await manager.streams.info("work")).state;
console.log(`the stream:    ${messages} message, also after a consumer with max_deliver 3 has asked`);
await connection.close();
const isSo = answers.join() === "delivery 1,delivery 2,nothing,nothing" && messages === 1 &&
  num_pending === 0 && num_ack_pending === 0;
process.exit(isSo ? 0 : 1);
END
node show.mjs nats-server_*.ports
