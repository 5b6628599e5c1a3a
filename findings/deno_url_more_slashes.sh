#!/usr/bin/env bash
# Deno 2.9.6: `///host/path` is no reference to a host, where a browser and Node take it for one.
#
# The usual guess: `new URL(text, base)` reads what a `Location` field says as browsers do. By the URL
# standard ("special authority slashes state", "special authority ignore slashes state") any number of
# slashes from two on stands before the host where the base is http or https. Deno takes two, and one
# of each kind (`/\host`); with three or more it throws. A redirect that browsers follow is an invalid
# URL there, and `URL.parse` gives null.
#
# Seen:
#   node ///host/a: https://host/a
#   node ////host/a: https://host/a
#   deno //host/a: https://host/a
#   deno /\host/a: https://host/a
#   deno ///host/a: no URL
#   deno ////host/a: no URL
#
# Needs npm and Node. Exits with 1 if the behaviour is another.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-fund --no-audit deno@2.9.6 > /dev/null
deno=$work/node_modules/.bin/deno
"$deno" --version | head -n 1
cat > slashes.mjs << 'EOS'
const name = globalThis.Deno === undefined ? "node" : "deno";
for (const text of ["//host/a", "/\\host/a", "///host/a", "////host/a"]) {
  let url = "no URL";
  try {
    url = new URL(text, "https://base/b").href;
  } catch {
    // It stays so.
  }
  console.log(`${name} ${text}: ${url}`);
}
EOS
node slashes.mjs | tee seen
"$deno" run slashes.mjs | tee -a seen
diff seen - << 'EOS'
node //host/a: https://host/a
node /\host/a: https://host/a
node ///host/a: https://host/a
node ////host/a: https://host/a
deno //host/a: https://host/a
deno /\host/a: https://host/a
deno ///host/a: no URL
deno ////host/a: no URL
EOS
