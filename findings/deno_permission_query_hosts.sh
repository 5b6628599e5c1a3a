#!/usr/bin/env bash
# Deno throws when it is asked for the permission of a host that its own URL and its fetch take.
#
# The usual guess: Deno.permissions.querySync says 'granted', 'prompt' or 'denied' for the host of any
# URL that parses. So a program that looks before it follows a redirect ends by an exception that it
# does not expect, at a server's choice: the host of http://a;b/ is valid (URL Standard, forbidden
# domain code points). Seen with Deno 2.9.6: URIError unless all permissions are given, so not where
# the program is tried out with --allow-all.
#
# Exits with 0 as long as that is so. Needs npx and the network for Deno itself; no host is asked.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
cat >ask.js <<'JS'
for (const url of ["http://a-b/", "http://a;b/"]) {
  const { host } = new URL(url);
  try {
    Deno.permissions.querySync({ name: "net", host });
    console.log(`${host}: a state`);
  } catch (error) {
    console.log(`${host}: ${error.name}`);
  }
}
JS
npx -y deno@2.9.6 --version | head -n 1
npx -y deno@2.9.6 run --no-prompt --allow-net=127.0.0.1 ask.js | tee seen
grep -qx 'a-b: a state' seen
grep -qx 'a;b: URIError' seen
npx -y deno@2.9.6 run --no-prompt --allow-all ask.js | tee seen
grep -qx 'a;b: a state' seen
