#!/usr/bin/env bash
# consume() of NATS has messages redelivered that wait in the client's own buffer.
#
# consume() is the loop for workers: it gives one message after the other. The usual guess: a message
# is delivered when the loop takes it, so ack_wait has to be longer than the work on one message, and
# workers that join share the rest. But consume() asks for 100 messages at once, and ack_wait runs for
# all of them. Of two workers the first one gets all, the second one gets what times out in the first
# one's buffer, and the first one does that as well, later. With next() each message is delivered once.
#
# Needs Debian's apt, to download nats-server without installing it, and node with npm. Seen with
# nats-server 2.9.10-1+b3, @nats-io/jetstream and @nats-io/transport-node 3.4.0 (the numbers
# of consume() vary):
#
#   nats-server: v2.9.10
#   12 messages of 0.3 s, ack_wait 1 s, two workers that begin 0.2 s apart
#   consume():  27 times done; the first worker has done 20 of them, 15 were done before
#   next():     12 times done; the first worker has done 6 of them, 0 were done before
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
const MESSAGES = 12;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function* consume(consumer) {
  const messages = await consumer.consume();
  setTimeout(() => messages.stop(), 9_000);
  yield* messages;
}

async function* next(consumer) {
  for (let message; (message = await consumer.next({ expires: 3_000 })) !== null;) yield message;
}

/** Has two workers, and counts what they do. */
async function share(way) {
  await manager.streams.add({ name: "work", subjects: ["work"], retention: "workqueue" });
  await manager.consumers.add("work", {
    durable_name: "workers",
    ack_policy: AckPolicy.Explicit,
    ack_wait: 1e9,
  });
  for (let i = 0; i < MESSAGES; i++) await client.publish("work", `${i}`);
  const done = [];
  const work = async (worker) => {
    const consumer = await client.consumers.get("work", "workers");
    for await (const message of way(consumer)) {
      await sleep(300);
      await message.ackAck();
      done.push({ worker, task: message.string() });
    }
  };
  const first = work(1);
  await sleep(200);
  await Promise.all([first, work(2)]);
  await manager.streams.delete("work");
  const byFirst = done.filter(({ worker }) => worker === 1).length;
  const again = done.length - new Set(done.map(({ task }) => task)).size;
  console.log(
    `${`${way.name}():`.padEnd(11)} ${done.length} times done; ` +
      `the first worker has done ${byFirst} of them, ${again} were done before`,
  );
  return { all: done.length, byFirst, again };
}

console.log("12 messages of 0.3 s, ack_wait 1 s, two workers that begin 0.2 s apart");
const consumed = await share(consume);
const asked = await share(next);
await connection.close();
const isSo = consumed.again >= 5 && consumed.byFirst >= 10 && asked.again === 0 &&
  asked.all === MESSAGES;
process.exit(isSo ? 0 : 1);
END
node show.mjs nats-server_*.ports
