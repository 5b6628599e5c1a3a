import { assertEquals } from "@std/assert";
import type { Engine, TlsOptions } from "../../lib/engine/engine.ts";
import { FetchEngine } from "../../lib/engine/fetch/fetch.ts";
import { SocketEngine } from "../../lib/engine/sockets/socket_engine.ts";
import type { EngineOptions } from "../../lib/engine/options.ts";
import { describeTlsError } from "../../lib/engine/tls_failure.ts";
import { ENGINE_OPTIONS } from "../fixtures/engine_options.ts";
import { makeRequest } from "../fixtures/make_request.ts";
import { ok } from "../fixtures/raw_server.ts";
import { target } from "../fixtures/target.ts";
import { CLIENT, TlsServer } from "../fixtures/tls_server.ts";

// What is said of certificates that are not to be trusted: the same by both engines.

const fixture = (name: string): string =>
  Deno.readTextFileSync(new URL(`../fixtures/odd_certificates/${name}`, import.meta.url));

const CA = fixture("authority.crt");
const KEY = fixture("server.key");

const ENGINES: Record<string, (options: Partial<EngineOptions>) => Engine> = {
  http1: (options) => new SocketEngine({ ...ENGINE_OPTIONS, ...options }, "http1"),
  fetch: (options) => new FetchEngine({ ...ENGINE_OPTIONS, ...options }),
};

const UNTRUSTED = "self-signed certificate, or one of an unknown issuer: " +
  "--cacert FILE trusts it, -k takes any certificate";
const OTHER_HOST = "certificate is for another host (subjectAltName): -k takes any certificate";
const NO_NAME = "certificate has no subjectAltName, and a common name does not count: " +
  "-k takes any certificate";

/** The certificate, the host that is asked, and what is said; undefined where it is trusted. */
const ROWS: [file: string, hostname: string, detail: string | undefined][] = [
  ["good", "localhost", undefined],
  ["good", "127.0.0.1", undefined],
  ["expired", "localhost", "certificate expired on 2021-01-01: -k takes any certificate"],
  [
    "future",
    "localhost",
    "certificate is not valid before 2090-01-01: -k takes any certificate",
  ],
  ["other_name", "localhost", OTHER_HOST],
  ["other_name", "127.0.0.1", OTHER_HOST],
  ["other_name", "127.0.0.9", undefined],
  ["common_name", "localhost", NO_NAME],
  ["common_name", "127.0.0.1", NO_NAME],
  ["email", "localhost", OTHER_HOST],
  [
    "for_clients",
    "localhost",
    "certificate is not meant for servers (extended key usage): -k takes any certificate",
  ],
  [
    "is_authority",
    "localhost",
    "certificate is a CA, not a server's: -k takes any certificate",
  ],
  [
    "self_signed_authority",
    "localhost",
    "certificate is a CA, not a server's: -k takes any certificate",
  ],
];

const start = (identity: { cert: string; key: string }): Promise<TlsServer> =>
  TlsServer.start(({ send }) => send(ok()), { ...identity, ALPNProtocols: ["http/1.1"] });

for (const [name, create] of Object.entries(ENGINES)) {
  const hit = async (
    server: TlsServer,
    hostname: string,
    tls: TlsOptions,
  ): Promise<[unknown, string | undefined]> => {
    const engine = create({ tls });
    const { status, error, detail } = await makeRequest(engine, target(server.url(hostname)));
    engine.close();
    return [status ?? error, detail];
  };

  for (const [file, hostname, detail] of ROWS) {
    const what = detail === undefined ? "accepts" : "says why it refuses";
    Deno.test(`${name} engine ${what} the certificate '${file}' of ${hostname}`, async () => {
      const identity = { cert: fixture(`${file}.crt`), key: KEY };
      await using server = await start(identity);
      const expected = detail === undefined ? 200 : "tls";
      assertEquals(await hit(server, hostname, { ca: CA, insecure: false }), [expected, detail]);
      assertEquals(server.requests, detail === undefined ? 1 : 0);
      if (name === "fetch") return;
      // With a certificate of the client's own there are fewer words, and no less is refused.
      const own = { ca: CA, insecure: false, ...CLIENT };
      assertEquals((await hit(server, hostname, own))[0], expected);
      assertEquals(await hit(server, hostname, { insecure: true }), [200, undefined]);
    });
  }

  Deno.test(`${name} engine explains how to trust a certificate of an unknown issuer`, async () => {
    const issued = fixture("good.crt");
    const itself = fixture("self_signed.crt");
    // The issuer may be shown by the server, and is not trusted for that.
    for (const [cert, ca] of [[itself, itself], [issued, CA], [issued + CA, CA]]) {
      await using server = await start({ cert, key: KEY });
      assertEquals(await hit(server, "localhost", { insecure: false }), ["tls", UNTRUSTED]);
      assertEquals(await hit(server, "localhost", { ca, insecure: false }), [200, undefined]);
    }
  });
}

Deno.test("describeTlsError() returns an unknown message unchanged", () => {
  assertEquals(describeTlsError("the moon is full"), "the moon is full");
  assertEquals(
    describeTlsError("received fatal alert: InternalError"),
    "the server ended TLS with the alert InternalError",
  );
  assertEquals(
    describeTlsError("received fatal alert: CertificateRequired"),
    "the server wants a client certificate (--cert)",
  );
});
