import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { parseFlags } from "../../lib/cli/parse_flags.ts";
import { UsageError } from "../../lib/errors.ts";
import { parseBusUrl, readBusOptions } from "../../lib/options/bus.ts";
import { BUS_FLAGS } from "../../lib/options/bus_flags.ts";
import type { BusOptions } from "../../lib/options/run_options.ts";
import { parseRun } from "../../lib/options/parse.ts";
import { folder } from "../fixtures/folder.ts";
import { AUTHORITY, CLIENT, SERVER } from "../fixtures/tls_server.ts";

const SEED = "SUAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const CREDENTIALS = `-----BEGIN NATS USER JWT-----
eyJ0
------END NATS USER JWT------

-----BEGIN USER NKEY SEED-----
${SEED}
------END USER NKEY SEED------
`;

const read = (argv: string[], url = "h"): Promise<BusOptions> =>
  readBusOptions(parseFlags(BUS_FLAGS, argv, "x"), url);

for (
  const [url, servers, login, isTls] of [
    ["h", ["h:4222"], undefined, false],
    ["nats://h", ["h:4222"], undefined, false],
    ["NATS://H:80/", ["h:80"], undefined, false],
    ["tls://h:5222", ["h:5222"], undefined, true],
    ["nats://127.0.0.1:1", ["127.0.0.1:1"], undefined, false],
    ["nats://[::1]:4223", ["[::1]:4223"], undefined, false],
    ["[::1]", ["[::1]:4222"], undefined, false],
    ["nats://a,nats://b:1, c", ["a:4222", "b:1", "c:4222"], undefined, false],
    ["nats://a,tls://a", ["a:4222"], undefined, true],
    ["nats://u:p@h", ["h:4222"], { user: "u", password: "p" }, false],
    ["nats://u:p@a,b", ["a:4222", "b:4222"], { user: "u", password: "p" }, false],
    ["nats://u:p@a,nats://u:p@b", ["a:4222", "b:4222"], { user: "u", password: "p" }, false],
    ["u%40x:p%3A%2F%2C:@h", ["h:4222"], { user: "u@x", password: "p:/,:" }, false],
    ["nats://u:@h", ["h:4222"], { user: "u", password: "" }, false],
    ["nats://secret@h", ["h:4222"], { token: "secret" }, false],
  ] as const
) {
  Deno.test(`parseBusUrl() reads ${url}`, () => {
    assertEquals(parseBusUrl(url, "--cluster"), { servers: [...servers], login, isTls });
  });
}

for (
  const [url, why] of [
    ["", "not the URL of a NATS server"],
    ["nats://", "not the URL of a NATS server"],
    ["nats://h/secret", "not the URL of a NATS server"],
    ["nats://h?secret", "not the URL of a NATS server"],
    ["nats://h,", "not the URL of a NATS server"],
    ["nats://a secret", "not the URL of a NATS server"],
    ["http://secret:secret@h", "unknown scheme"],
    ["ws://h", "unknown scheme"],
    ["nats://h:0", "invalid host or port"],
    ["nats://h:65536", "invalid host or port"],
    ["nats://secret:%zz@h", "invalid percent-encoding"],
    ["nats://:secret@h", "the user or token is empty"],
    ["nats://a:secret@h,b:secret@i", "several users"],
    [Array.from({ length: 33 }, (_, k) => `h${k}`).join(), "more than 32 servers"],
  ] as const
) {
  Deno.test(`parseBusUrl() refuses '${url.slice(0, 40)}', and repeats nothing of it`, () => {
    const error = assertThrows(() => parseBusUrl(url, "--cluster"), UsageError);
    assertStringIncludes(error.message, `Cannot use '--cluster': ${why}`);
    assert(!error.message.includes("secret"), error.message);
  });
}

Deno.test("readBusOptions() reads the URL from @FILE, and repeats nothing of it", async () => {
  await using dir = await folder();
  const path = await dir.write("url", "nats://u:secret@h\n");
  assertEquals((await read([], `@${path}`)).login, { user: "u", password: "secret" });
  await dir.write("url", "http://u:secret@h\n");
  const error = await assertRejects(() => read([], `@${path}`), UsageError);
  assert(!error.message.includes("secret"), error.message);
  const missing = await assertRejects(() => read([], `@${dir.path("no")}`), UsageError);
  assertEquals(
    missing.message,
    `Cannot read '@${dir.path("no")}': no such file: name a file that can be read`,
  );
});

Deno.test("readBusOptions() reads the seed of an nkey, or credentials", async () => {
  await using dir = await folder();
  const seed = await dir.write("user.nk", `${SEED}\n`);
  assertEquals((await read(["--cluster-creds", seed])).login, { seed: SEED });
  const creds = await dir.write("user.creds", CREDENTIALS);
  const { login } = await read(["--cluster-creds", creds]);
  assertEquals(login, { credentials: CREDENTIALS });
  await dir.write("user.creds", CREDENTIALS.trim().replaceAll("\n", "\r\n"));
  assertEquals((await read(["--cluster-creds", creds])).login, { credentials: CREDENTIALS });
});

Deno.test("readBusOptions() refuses a file without credentials, and repeats nothing of it", async () => {
  await using dir = await folder();
  for (const text of ["", "secret", `${SEED}A`, SEED.replace("U", "A")]) {
    const path = await dir.write("f", text);
    const error = await assertRejects(() => read(["--cluster-creds", path]), UsageError);
    assertStringIncludes(error.message, "neither the seed of a user's nkey (SU…) nor");
    assert(text === "" || !error.message.includes(text), error.message);
  }
  const path = await dir.write("user.nk", SEED);
  const error = await assertRejects(
    () => read(["--cluster-creds", path], "nats://u:secret@h"),
    UsageError,
  );
  assertStringIncludes(error.message, "contradict each other: use one of them");
});

Deno.test("readBusOptions() reads authorities and a certificate, with which TLS is required", async () => {
  await using dir = await folder();
  const ca = await dir.write("ca.pem", AUTHORITY);
  const cert = await dir.write("cert.pem", CLIENT.cert);
  const key = await dir.write("key.pem", CLIENT.key);
  const both = await dir.write("both.pem", CLIENT.cert + CLIENT.key);
  assertEquals((await read([])).tls, undefined);
  const plain = { ca: undefined, cert: undefined, key: undefined, insecure: false };
  assertEquals((await read([], "tls://h")).tls, plain);
  assertEquals((await read(["--cluster-ca", ca])).tls, { ...plain, ca: AUTHORITY });
  const pair = { ...plain, cert: CLIENT.cert, key: CLIENT.key };
  assertEquals((await read(["--cluster-cert", cert, "--cluster-cert-key", key])).tls, pair);
  const whole = CLIENT.cert + CLIENT.key;
  const inOne = { ...plain, cert: whole, key: whole };
  assertEquals((await read(["--cluster-cert", both])).tls, inOne);
  const lacking = await assertRejects(() => read(["--cluster-cert", cert]), UsageError);
  assertEquals(
    lacking.message,
    `Cannot use '--cluster-cert ${cert}': it has no key in PEM: add '--cluster-cert-key FILE'`,
  );
  const foreign = await dir.write("foreign.pem", SERVER.key);
  const error = await assertRejects(
    () => read(["--cluster-cert", cert, "--cluster-cert-key", foreign]),
    UsageError,
  );
  assertStringIncludes(error.message, "its key is not that of the client certificate");
});

for (const { name, value } of [...BUS_FLAGS, { name: "cluster-run", value: "a" }]) {
  Deno.test(`--${name} needs --cluster`, async () => {
    const error = await assertRejects(
      () => parseRun([`--${name}`, value, "http://localhost/"], "1"),
      UsageError,
    );
    assertEquals(
      error.message,
      `'--${name}' needs '--cluster': add it, or leave '--${name}' out`,
    );
  });
}

Deno.test("--cluster-run takes names that streams can have", async () => {
  for (const name of ["A", "a-b", "a.b", "", "x".repeat(33), "*"]) {
    const argv = ["--cluster", "h", `--cluster-run=${name}`, "http://localhost/"];
    const error = await assertRejects(() => parseRun(argv, "1"), UsageError);
    assertStringIncludes(error.message, "use 1 to 32 letters and digits");
  }
});
