#!/usr/bin/env bash
# ackAck() of NATS is true for a message that the caller has lost to another client.
#
# A consumer with ack_wait hands a message to another client when the first one is silent for that
# long. ackAck() is the ack that the server confirms. The usual guess: for the first client it fails or
# is false from then on, so true means that its work is the one that counts. But the server confirms
# an ack of any delivery: the first client is told true after the second one has acked, and before,
# where it takes the message out of the queue while the second one still works on it. Who needs to know
# which of two did the work has to write that somewhere else, such as by a key that only one can make.
#
# Needs Debian's apt, to download nats-server without installing it, and node with npm. Seen with
# nats-server 2.9.10-1+b3, @nats-io/jetstream and @nats-io/transport-node 3.4.0:
#
#   nats-server: v2.9.10
#   the second client has acked:        true; 0 messages left
#   then the first one, 1 s too late:   true
#   the first client acks too late:     true; 0 messages left
#   then the second one, who has it:    true
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
const second = 1e9;
await manager.consumers.add("work", {
  durable_name: "workers",
  ack_policy: AckPolicy.Explicit,
  ack_wait: second,
});
const consumer = await client.consumers.get("work", "workers");

/** Two deliveries of one message, of which the first one has timed out. */
async function deliverTwice() {
  await client.publish("work", "a task");
  const first = await consumer.next({ expires: 5_000 });
  const again = await consumer.next({ expires: 5_000 });
  if (first.info.deliveryCount !== 1 || again.info.deliveryCount !== 2) process.exit(1);
  return [first, again];
}
const countLeft = async () => (await manager.streams.info("work")).state.messages;

const answers = [];
const ack = async (message, who, tell = async () => "") => {
  const answer = await message.ackAck();
  answers.push(answer);
  console.log(`${who} ${answer}${await tell()}`);
};
const tellLeft = async () => `; ${await countLeft()} messages left`;

let [first, again] = await deliverTwice();
await ack(again, "the second client has acked:       ", tellLeft);
await ack(first, "then the first one, 1 s too late:  ");
[first, again] = await deliverTwice();
await ack(first, "the first client acks too late:    ", tellLeft);
await ack(again, "then the second one, who has it:   ");
const left = await countLeft();
await connection.close();
process.exit(answers.every((answer) => answer === true) && left === 0 ? 0 : 1);
END
node show.mjs nats-server_*.ports
