#!/usr/bin/env bash
# publish() of the NATS client drops messages without a word while the server is away.
#
# The client comes back by itself when the server does. The usual guess: what is published meanwhile
# waits in a buffer and is sent then, as the clients of Go and others do it, or publish() throws. But
# the client throws the message away, returns as always, and tells nobody: 100 messages of a second
# without a server are heard by nobody, and those before and after are. flush() after them is refused,
# and a put to a key-value bucket at that time ends by its timeout and is not made later either.
#
# Needs Debian's apt, to download nats-server without installing it, and node with npm. Seen with
# nats-server 2.9.10-1+b3, @nats-io/kv, @nats-io/jetstream and @nats-io/transport-node 3.4.0:
#
#   nats-server: v2.9.10
#   published: 1 before, 100 while the server is away, 1 after; publish() has thrown 0 times
#   heard:     before, after
#   flush() while it is away: connection disconnected
#   put() while it is away:   timeout; the key is not there
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

cat >show.mjs <<'END'
import { spawn } from "node:child_process";
import { once } from "node:events";
import { Kvm } from "@nats-io/kv";
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
  maxReconnectAttempts: 200,
});
const heard = [];
connection.subscribe("news", { callback: (_, message) => heard.push(message.string()) });
const pairs = await new Kvm(connection).create("pairs");
connection.publish("news", "before");
await connection.flush();

server.kill("SIGKILL");
await once(server, "exit");
await sleep(500);
let thrown = 0;
for (let i = 0; i < 100; i++) {
  try {
    connection.publish("news", `${i}`);
  } catch {
    thrown++;
  }
}
const tell = (promise) => promise.then(() => "done", ({ message }) => message);
const flushed = await tell(connection.flush());
const put = tell(pairs.put("key", "value"));
await sleep(500);
server = start();
for (let k = 0; k < 100 && await tell(connection.flush()) !== "done"; k++) await sleep(100);
connection.publish("news", "after");
await connection.flush();
await sleep(1_000);

console.log(
  "published: 1 before, 100 while the server is away, 1 after; " +
    `publish() has thrown ${thrown} times`,
);
console.log(`heard:     ${heard.join(", ")}`);
console.log(`flush() while it is away: ${flushed}`);
const answer = await put;
const isThere = await pairs.get("key") !== null;
console.log(`put() while it is away:   ${answer}; the key is ${isThere ? "" : "not "}there`);
await connection.close();
const isSo = thrown === 0 && heard.join() === "before,after" && answer === "timeout" && !isThere &&
  flushed !== "done";
process.exit(isSo ? 0 : 1);
END
node show.mjs "$((11000 + RANDOM % 20000))" "$folder/store"
