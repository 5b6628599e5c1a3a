import { assertEquals } from "@std/assert";
import type { TlsOptions } from "../../lib/engine/engine.ts";
import { FetchEngine } from "../../lib/engine/fetch/fetch.ts";
import { describeTlsError } from "../../lib/engine/tls_failure.ts";
import { ENGINE_OPTIONS } from "../fixtures/engine_options.ts";
import { makeRequest } from "../fixtures/make_request.ts";
import {
  CERTIFICATES,
  ODD_AUTHORITY,
  readIdentity,
  UNTRUSTED,
} from "../fixtures/odd_certificates.ts";
import { ok } from "../fixtures/raw_server.ts";
import { target } from "../fixtures/target.ts";
import { TlsServer } from "../fixtures/tls_server.ts";

// What is said of certificates that are not to be trusted: the same by native fetch as by the
// transports, whose test has the same rows, except that native fetch does not have `-k`.

const withoutAdvice = (detail: string): string =>
  detail.replace(": -k takes any certificate", "").replace(", -k takes any certificate", "");

const start = (identity: { cert: string; key: string }): Promise<TlsServer> =>
  TlsServer.start(({ send }) => send(ok()), { ...identity, ALPNProtocols: ["http/1.1"] });

async function hit(
  server: TlsServer,
  hostname: string,
  tls: TlsOptions,
): Promise<[unknown, string | undefined]> {
  const engine = new FetchEngine({ ...ENGINE_OPTIONS, tls });
  const { status, error, detail } = await makeRequest(engine, target(server.url(hostname)));
  engine.close();
  return [status ?? error, detail];
}

for (const [name, hostname, detail] of CERTIFICATES) {
  const what = detail === undefined ? "accepts" : "says why it refuses";
  Deno.test(`fetch engine ${what} the certificate '${name}' of ${hostname}`, async () => {
    await using server = await start(readIdentity(name));
    const expected = detail === undefined ? 200 : "tls";
    assertEquals(
      await hit(server, hostname, { ca: ODD_AUTHORITY, insecure: false }),
      [expected, detail === undefined ? undefined : withoutAdvice(detail)],
    );
    assertEquals(server.requests, detail === undefined ? 1 : 0);
  });
}

Deno.test("fetch engine explains how to trust a certificate of an unknown issuer", async () => {
  const issued = readIdentity("good");
  const itself = readIdentity("self_signed");
  // The issuer may be shown by the server, and is not trusted for that.
  for (
    const [{ cert, key }, ca] of [
      [itself, itself.cert],
      [issued, ODD_AUTHORITY],
      [{ ...issued, cert: issued.cert + ODD_AUTHORITY }, ODD_AUTHORITY],
    ] as const
  ) {
    await using server = await start({ cert, key });
    assertEquals(await hit(server, "localhost", { insecure: false }), [
      "tls",
      withoutAdvice(UNTRUSTED),
    ]);
    assertEquals(await hit(server, "localhost", { ca, insecure: false }), [200, undefined]);
  }
});

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
