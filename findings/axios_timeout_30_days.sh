#!/usr/bin/env bash
# axios, got and superagent fail a request at once if its timeout is longer than 24.8 days.
#
# Who wants no timeout in practice may pass a month, or milliseconds that were computed. The usual
# guess: a longer timeout waits longer. But setTimeout takes at most 2^31 - 1 ms, and anything above
# for 1 ms, so a response that takes 0.3 s is a failure whose message says that 2,592,000,000 ms have
# passed. ky refuses such a time by a sentence; undici waits.
#
# Needs node 20.18 or later with npm. Seen with axios 1.7.9, got 14.4.5, superagent 10.1.1, ky 1.7.4
# and undici 7.2.0, with node 20:
#
#   timeout of 2147483647 ms: axios ok, got ok, superagent ok, ky ok, undici ok
#   timeout of 2592000000 ms:
#     axios: timeout of 2592000000ms exceeded
#     got: Timeout awaiting 'request' for 2592000000ms
#     superagent: Timeout of 2592000000ms exceeded
#     ky: The `timeout` option cannot be greater than 2147483647
#     undici: ok
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit --prefix "$folder" axios@1.7.9 got@14.4.5 \
  superagent@10.1.1 ky@1.7.4 undici@7.2.0 >/dev/null
cat >client.mjs <<'CODE'
import http from "node:http";
import axios from "axios";
import got from "got";
import ky from "ky";
import superagent from "superagent";
import { request } from "undici";

const server = http.createServer((_, response) => setTimeout(() => response.end("ok"), 300));
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const url = `http://127.0.0.1:${server.address().port}/`;
const clients = {
  axios: async (timeout) => (await axios.get(url, { timeout })).data,
  got: async (ms) => (await got(url, { timeout: { request: ms }, retry: { limit: 0 } })).body,
  superagent: async (ms) => (await superagent.get(url).timeout({ deadline: ms })).text,
  ky: (timeout) => ky(url, { timeout, retry: 0 }).text(),
  undici: async (ms) => (await request(url, { headersTimeout: ms, bodyTimeout: ms })).body.text(),
};
const ask = (ms) =>
  Promise.all(Object.entries(clients).map(async ([name, get]) => {
    const result = await get(ms).catch(({ message }) => message);
    return [name, `${result}`];
  }));
const month = 30 * 24 * 3_600_000;
const longest = await ask(2 ** 31 - 1);
console.log(`timeout of ${2 ** 31 - 1} ms: ${longest.map((pair) => pair.join(" ")).join(", ")}`);
console.log(`timeout of ${month} ms:`);
const longer = await ask(month);
for (const [name, result] of longer) console.log(`  ${name}: ${result}`);
server.close();
server.closeAllConnections();
const isSaid = ([, text]) => text.includes(`${month}`);
const isSeen = longest.every(([, text]) => text === "ok") && longer.slice(0, 3).every(isSaid) &&
  !isSaid(longer[3]) && longer[4][1] === "ok";
process.exit(isSeen ? 0 : 1);
CODE
node --no-warnings client.mjs
