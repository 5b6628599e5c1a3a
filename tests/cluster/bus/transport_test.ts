import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { ConnectionOptions, Server } from "@nats-io/nats-core/internal";
import { BusTransport, BusTransportError } from "../../../lib/cluster/bus/transport.ts";
import { HAS_NATS, NatsServer } from "../../fixtures/nats_server.ts";
import { DENO_RUN, run } from "../../fixtures/program.ts";
import { refusedPort } from "../../fixtures/raw_server.ts";
import { AUTHORITY } from "../../fixtures/tls_server.ts";

const INFO = 'INFO {"server_id":"x","max_payload":1048576}\r\n';
const TLS = { ca: AUTHORITY, insecure: false };

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A server that sends pieces of text to each connection, then closes it if it should. */
class Greeter implements Disposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #connections: Deno.Conn[] = [];

  constructor(pieces: readonly string[], closes = false) {
    void (async () => {
      for await (const connection of this.#listener) {
        this.#connections.push(connection);
        connection.setNoDelay();
        for (const piece of pieces) await connection.write(encode(piece)).catch(() => {});
        if (closes) connection.close();
      }
    })();
  }

  get server(): Server {
    const { port } = this.#listener.addr;
    return { hostname: "127.0.0.1", port, tlsName: "", listen: "" } as unknown as Server;
  }

  [Symbol.dispose](): void {
    this.#listener.close();
    for (const connection of this.#connections) {
      try {
        connection.close();
      } catch {
        // It is closed.
      }
    }
  }
}

const OPTIONS: ConnectionOptions = {};

Deno.test("BusTransport takes a greeting whole, and byte by byte", async () => {
  for (const pieces of [[INFO], INFO.split("")]) {
    using greeter = new Greeter([...pieces, "PING\r\n"]);
    const transport = new BusTransport(undefined);
    await transport.connect(greeter.server, OPTIONS);
    assertEquals(transport.isEncrypted(), false);
    let text = "";
    for await (const bytes of transport) {
      text += new TextDecoder().decode(bytes);
      if (text.endsWith("PING\r\n")) await transport.close();
    }
    assertEquals(text, `${INFO}PING\r\n`);
    assertEquals(await transport.closed(), undefined);
  }
});

for (
  const [what, greeting, words] of [
    ["what is not NATS", "SSH-2.0-OpenSSH\r\n", "what listens there does not speak NATS"],
    ["a greeting that is not JSON", "INFO {\r\n", "what listens there does not speak NATS"],
    ["a greeting without an end", "x".repeat(70_000), "what listens there does not speak NATS"],
    ["a server without TLS", INFO, "the server does not offer TLS"],
    [
      "what comes in clear before TLS",
      'INFO {"tls_required":true}\r\nMSG a 1 0\r\n\r\n',
      "the server sent more before TLS than it may",
    ],
  ] as const
) {
  Deno.test(`BusTransport refuses ${what}`, async () => {
    using greeter = new Greeter([greeting]);
    const transport = new BusTransport(TLS);
    const error = await assertRejects(
      () => transport.connect(greeter.server, OPTIONS),
      BusTransportError,
    );
    assertEquals(error.message, words);
    assertEquals(transport.isClosed, true);
  });
}

Deno.test("BusTransport says that the server closed the connection, and that nobody listens", async () => {
  using greeter = new Greeter([], true);
  const closed = await assertRejects(
    () => new BusTransport(undefined).connect(greeter.server, OPTIONS),
    BusTransportError,
  );
  assertEquals(closed.message, "the server closed the connection");
  const nowhere = { ...greeter.server, port: await refusedPort() } as Server;
  const refused = await assertRejects(
    () => new BusTransport(undefined).connect(nowhere, OPTIONS),
    BusTransportError,
  );
  assertEquals(refused.code, "ECONNREFUSED");
});

Deno.test("BusTransport tells once that the connection has ended, unless it was discarded", async () => {
  using greeter = new Greeter([INFO], true);
  const transport = new BusTransport(undefined);
  await transport.connect(greeter.server, OPTIONS);
  const error = await transport.closed();
  assert(error instanceof BusTransportError);
  transport.send(encode("PING\r\n"));
  const discarded = new BusTransport(undefined);
  await discarded.connect(greeter.server, OPTIONS);
  let isTold = false;
  discarded.closed().then(() => isTold = true);
  discarded.discard();
  for await (const _ of discarded) { /* To its end. */ }
  assertEquals(isTold, false);
});

/** Logs in with a wrong password again and again. */
const LOGINS = `
  import { Bus } from "${import.meta.resolve("../../../lib/cluster/bus/bus.ts")}";
  const login = { user: "u", password: "wrong" };
  let refused = 0;
  for (let k = 0; k < 400; k++) {
    await Bus.connect({ servers: [Deno.args[0]], login, tls: undefined }).catch((error) => {
      if (error.message.includes("does not let this user in")) refused++;
    });
  }
  console.log(refused);
`;

Deno.test({
  name: "BusTransport survives 400 logins that fail, of which some end by a reset",
  ignore: !HAS_NATS,
  async fn() {
    await using nats = await NatsServer.start({
      config: `authorization { user: u, password: p }`,
    });
    const config = new URL("../../../deno.json", import.meta.url).pathname;
    const words = [...DENO_RUN, "--allow-net=127.0.0.1", "--config", config];
    const module = `data:application/typescript,${encodeURIComponent(LOGINS)}`;
    const address = `${nats.host}:${nats.port}`;
    const { stdout, stderr } = await run([...words, module, address]);
    assertEquals(stderr, "");
    assertStringIncludes(stdout, "400");
  },
});
