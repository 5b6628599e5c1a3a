import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Buffer } from "node:buffer";
import { nkeys } from "@nats-io/nats-core/internal";
import { Bus } from "../../../lib/cluster/bus/bus.ts";
import { UsageError } from "../../../lib/errors.ts";
import type { BusLogin } from "../../../lib/options/run_options.ts";
import { folder } from "../../fixtures/folder.ts";
import { NatsServer } from "../../fixtures/nats_server.ts";
import { finish, readUntil, start } from "../../fixtures/program.ts";
import { ok, RawServer, refusedPort } from "../../fixtures/raw_server.ts";
import { AUTHORITY, CLIENT } from "../../fixtures/tls_server.ts";
import { at, open, test } from "../../fixtures/opened_bus.ts";

const FIXTURES = new URL("../../fixtures/", import.meta.url).pathname;
const TLS_CONFIG = `tls {
  cert_file: "${FIXTURES}server.crt", key_file: "${FIXTURES}server.key"
  ca_file: "${FIXTURES}authority.crt", verify: true
}`;

test("Bus.connect() says why it cannot connect, and never the password", async () => {
  await using nats = await NatsServer.start({
    config: `authorization { user: "u", password: "secret" }`,
  });
  const refused = { host: "127.0.0.1", port: await refusedPort() };
  const login = { user: "u", password: "secret-but-wrong" };
  for (
    const [options, words] of [
      [at(refused, { login }), "connection refused: start 'nats-server -js' there, or correct"],
      [at(nats), "it asks who you are: put USER:PASSWORD@ or TOKEN@ before its host, or"],
      [at(nats, { login }), "it does not let this user in: correct the user, password, token or"],
      [at(nats, { login, tls: { insecure: false } }), "the server does not offer TLS: use nats://"],
    ] as const
  ) {
    const error = await assertRejects(() => Bus.connect(options), UsageError);
    assertStringIncludes(
      error.message,
      `Cannot connect to the NATS server '${options.servers[0]}': ${words}`,
    );
    assert(!error.message.includes("secret"), error.message);
  }
  const several = {
    ...at(nats, { login }),
    servers: [at(refused).servers[0], at(nats).servers[0]],
  };
  const error = await assertRejects(() => Bus.connect(several), UsageError);
  assertStringIncludes(error.message, `any of the NATS servers '${several.servers.join("', '")}'`);
  await using _ = await open({ ...several, login: { user: "u", password: "secret" } });
});

test("Bus.connect() uses TLS with a private authority and a certificate of its own", async () => {
  await using nats = await NatsServer.start({ config: TLS_CONFIG });
  const tls = { ca: AUTHORITY, ...CLIENT, insecure: false };
  for (const host of ["127.0.0.1", "localhost"]) {
    await using _ = await open(at({ host, port: nats.port }, { tls }));
  }
  for (
    const [options, words] of [
      [at(nats), "one of an unknown issuer: --cluster-ca FILE trusts it"],
      [at(nats, { tls: { insecure: false } }), "unknown issuer: --cluster-ca FILE trusts it"],
      [
        at(nats, { tls: { ca: AUTHORITY, insecure: false } }),
        "the server wants a client certificate: add",
      ],
    ] as const
  ) {
    const error = await assertRejects(() => Bus.connect(options), UsageError);
    assertStringIncludes(error.message, words);
    assert(!error.message.includes("-k"), error.message);
  }
});

/** A token of an nkey: who is told by whom that it is somebody (JWT). */
function sign(issuer: ReturnType<typeof nkeys.createUser>, subject: string, nats: unknown): string {
  const encode = (value: unknown): string =>
    Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
  const text = [
    { typ: "JWT", alg: "ed25519-nkey" },
    {
      jti: crypto.randomUUID(),
      iat: Math.floor(Date.now() / 1000),
      iss: issuer.getPublicKey(),
      name: "x",
      sub: subject,
      nats,
    },
  ].map(encode).join(".");
  const signature = issuer.sign(new TextEncoder().encode(text));
  return `${text}.${Buffer.from(signature).toString("base64url")}`;
}

test("Bus.connect() logs in by a password, a token, an nkey or credentials", async () => {
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  const operator = nkeys.createOperator();
  const [account, system] = [nkeys.createAccount(), nkeys.createAccount()];
  const user = nkeys.createUser();
  const userToken = sign(account, user.getPublicKey(), {
    type: "user",
    version: 2,
    subs: -1,
    data: -1,
    payload: -1,
  });
  const limits = { subs: -1, conn: -1, leaf: -1, imports: -1, exports: -1, data: -1, payload: -1 };
  const accountTokens = [account, system].map((account) => {
    const name = account.getPublicKey();
    return `${name}: ${sign(operator, name, { type: "account", version: 2, limits })}`;
  });
  const operatorToken = sign(operator, operator.getPublicKey(), { type: "operator", version: 2 });
  const seed = text(user.getSeed());
  const logins: [string, BusLogin][] = [
    [`authorization { user: "u", password: "p:/@" }`, { user: "u", password: "p:/@" }],
    [`authorization { token: "t" }`, { token: "t" }],
    [`authorization { users: [{ nkey: ${user.getPublicKey()} }] }`, { seed }],
    [
      `operator: ${operatorToken}
       resolver: MEMORY
       system_account: ${system.getPublicKey()}
       resolver_preload: { ${accountTokens.join("\n")} }`,
      {
        credentials:
          `-----BEGIN NATS USER JWT-----\n${userToken}\n------END NATS USER JWT------\n` +
          `\n-----BEGIN USER NKEY SEED-----\n${seed}\n------END USER NKEY SEED------\n`,
      },
    ],
  ];
  for (const [config, login] of logins) {
    await using nats = await NatsServer.start({ config });
    await using _ = await open(at(nats, { login }));
    await assertRejects(() => Bus.connect(at(nats)), UsageError, "it asks who you are");
  }
});

test("a whole run goes over TLS, with a certificate and an nkey from files", async () => {
  const user = nkeys.createUser();
  const seed = new TextDecoder().decode(user.getSeed());
  await using nats = await NatsServer.start({
    config: `${TLS_CONFIG}\nauthorization { users: [{ nkey: ${user.getPublicKey()} }] }`,
  });
  await using target = await RawServer.start(({ send }) => send(ok()));
  await using dir = await folder();
  const output = dir.path("out.ndjson");
  const connection = [
    ...["--cluster-creds", await dir.write("user.nk", seed)],
    ...["--cluster-ca", `${FIXTURES}authority.crt`],
    ...["--cluster-cert", `${FIXTURES}client.crt`, "--cluster-cert-key", `${FIXTURES}client.key`],
  ];
  const url = `tls://localhost:${nats.port}`;
  await using submitting = start([
    ...["-n", "50", target.url("/{}"), "-o", output, "--progress", "none"],
    ...["--cluster", url, "--cluster-run", "a", ...connection],
  ]);
  const told = await readUntil(submitting.stderr, `myriad work ${url} a`);
  await using working = start(["work", url, "a", ...connection]);
  const [submitted, worked] = await Promise.all([finish(submitting), finish(working)]);
  assertEquals([submitted.code, worked.code], [0, 0], submitted.stderr + worked.stderr);
  assertEquals(new Set(target.requests).size, 50);
  const journal = await Deno.readTextFile(`${output}.myriad`);
  for (const text of [told, journal, submitted.stderr, submitted.stdout, worked.stderr]) {
    assert(!text.includes(seed), text);
  }
});

test("Bus.connect() says what the server says", async () => {
  await using nats = await NatsServer.start({ config: "max_connections: 1" });
  await using _ = await open(at(nats));
  const error = await assertRejects(() => Bus.connect(at(nats)), UsageError);
  assertStringIncludes(error.message, "the server says 'maximum connections exceeded'");
});

test("Bus.connect() says that a seed is damaged, and nothing of it", async () => {
  await using nats = await NatsServer.start();
  const seed = `SU${"A".repeat(56)}`;
  const error = await assertRejects(() => Bus.connect(at(nats, { login: { seed } })), UsageError);
  assertStringIncludes(error.message, "the seed in '--cluster-creds' is damaged: copy it again");
  assert(!error.message.includes(seed), error.message);
});

test("Bus.connect() says that a server takes too short messages", async () => {
  await using nats = await NatsServer.start({ config: "max_payload: 8192" });
  const error = await assertRejects(() => Bus.connect(at(nats)), UsageError);
  assertStringIncludes(error.message, "messages of 8192 bytes at most: give it a 'max_payload' of");
});
