#!/usr/bin/env bash
# Deno 2.9.6: 32 look-ups of names that a name server is silent about stop every file.
#
# The usual guess: reading a file asynchronously has nothing to do with name servers; at worst the
# look-ups wait for each other. But the system's look-up blocks a thread until its timeout (10 s by
# default), Deno has 32 threads for whatever blocks, and files need one as well. Below 32 a file is
# read within milliseconds; with 32 it is read when the first look-up has timed out. A program that
# looks up hosts of a long list has to bound its look-ups well below that.
# `Deno.resolveDns` needs no such thread, and answers at once.
#
# Seen:
#   31 look-ups: file read within 1 s: yes
#   32 look-ups: file read within 1 s: no
#   32 look-ups: Deno.resolveDns of a name in the hosts file within 1 s: yes
#
# Needs npm and unshare with user namespaces; makes a network namespace of its own, whose only name
# server is a socket that reads nothing. Exits with 1 if the behaviour is another.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && npm install --silent --no-fund --no-audit deno@2.9.6 > /dev/null)
deno=$work/node_modules/.bin/deno
"$deno" --version | head -n 1
cat > "$work/look.ts" << 'EOF'
import { lookup } from "node:dns/promises";
const silent = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.53", port: 53 });
const within = async (what: Promise<unknown>): Promise<string> => {
  const late = new Promise((resolve) => setTimeout(resolve, 1_000, "no"));
  return await Promise.race([what.then(() => "yes"), late]) as string;
};
const count = Number(Deno.args[0]);
for (let i = 0; i < count; i++) lookup(`name${i}.test`).catch(() => {});
await new Promise((resolve) => setTimeout(resolve, 200));
console.log(`${count} look-ups: file read within 1 s: ${await within(Deno.readFile("/etc/hosts"))}`);
if (count === 32) {
  const resolved = await within(Deno.resolveDns("known.test", "A"));
  console.log(`${count} look-ups: Deno.resolveDns of a name in the hosts file within 1 s: ${resolved}`);
}
silent.close();
Deno.exit();
EOF
echo "nameserver 127.0.0.53" > "$work/resolv.conf"
printf '127.0.0.1 localhost known.test\n' > "$work/hosts"
export work deno
for count in 31 32; do
  unshare --user --map-root-user --net --mount bash -c '
    set -e
    ip link set lo up
    mount --bind "$work/resolv.conf" "$(readlink -f /etc/resolv.conf)"
    mount --bind "$work/hosts" /etc/hosts
    exec "$deno" run --allow-all --unstable-net "$work/look.ts" "$0"' "$count"
done | tee "$work/seen"
diff "$work/seen" - << 'EOF'
31 look-ups: file read within 1 s: yes
32 look-ups: file read within 1 s: no
32 look-ups: Deno.resolveDns of a name in the hosts file within 1 s: yes
EOF
