import { assert, assertEquals, assertMatch } from "@std/assert";
import net from "node:net";
import { FormFile } from "../../lib/form/form_file.ts";
import { PiecedBody } from "../../lib/form/pieced_body.ts";
import { ENGINE_SUITE } from "../fixtures/engine_suite.ts";
import { folder } from "../fixtures/folder.ts";
import { makeRequest } from "../fixtures/make_request.ts";
import { ok } from "../fixtures/raw_server.ts";
import { target } from "../fixtures/target.ts";
import type { BodyReader, StreamedBody } from "../../lib/target.ts";

// Bodies that are read while they are sent.

const CONTENT = "0123456789".repeat(60_000);

/** A body with a file in it, which is closed at the end. */
async function withBody(
  run: (body: PiecedBody, path: string) => Promise<void>,
  length = CONTENT.length,
): Promise<void> {
  await using dir = await folder();
  const path = dir.path("file");
  await Deno.writeTextFile(path, CONTENT);
  const file = new FormFile(path, length);
  try {
    await run(new PiecedBody([new TextEncoder().encode("<"), file, Uint8Array.of(0x3e)]), path);
  } finally {
    file.close();
  }
}

/** More than buffers of sockets hold. */
const MAX_TAKEN_BYTES = 32 * 1024 * 1024;

/** A body that a server never has all of; it counts what was read of it. */
class EndlessBody implements StreamedBody {
  readonly length = 2 ** 40;
  readonly heldBytes = 0;
  read = 0;

  open(): BodyReader {
    let length = this.length;
    return {
      get length(): number {
        return length;
      },
      read: (maxBytes) => {
        length -= maxBytes;
        this.read += maxBytes;
        return new Uint8Array(maxBytes);
      },
    };
  }
}

/** The content of a request, without the framing of chunks. */
function contentOf(request: string): string {
  const [head, body] = [
    request.slice(0, request.indexOf("\r\n\r\n") + 2),
    request.split("\r\n\r\n", 2)[1],
  ];
  if (!/^transfer-encoding: chunked\r$/im.test(head)) return body;
  return body.replace(/(?:^|\r\n)[\da-f]+\r\n/gi, "").replace(/\r\n0$/, "");
}

for (const { title, name, create, serve } of ENGINE_SUITE) {
  Deno.test(`${title} sends a body that is read meanwhile, again after a redirect`, async () => {
    await withBody(async (body) => {
      await using server = await serve(({ request, send }) =>
        send(
          request.startsWith("POST /first")
            ? "HTTP/1.1 307 X\r\nLocation: /second\r\nContent-Length: 0\r\n\r\n"
            : ok(),
        )
      );
      const engine = create();
      const post = { method: "POST", body };
      const results = await Promise.all(
        ["/first", "/a", "/b"].map((path, i) =>
          makeRequest(engine, target(server.url(path), { ...post, i }))
        ),
      );
      engine.close();
      assertEquals(results.map(({ status, detail }) => detail ?? status), [200, 200, 200]);
      assertEquals(server.requests.length, 4);
      for (const request of server.requests) {
        assert(contentOf(request) === `<${CONTENT}>`, request.slice(0, 300));
        if (name === "fetch") continue;
        assertMatch(request, new RegExp(`^content-length: ${CONTENT.length + 2}\r$`, "im"));
      }
    });
  });

  Deno.test(`${title} fails with 'body' when a file becomes shorter, and goes on`, async () => {
    await withBody(async (body) => {
      await using server = await serve(({ send }) => send(ok()));
      const engine = create();
      const result = await makeRequest(engine, target(server.url(), { method: "POST", body }));
      const next = await makeRequest(engine, target(server.url("/next")));
      engine.close();
      const { status, error, detail, scope, isPermanent } = result;
      assertEquals([status, error, scope, isPermanent], [null, "body", undefined, true], detail);
      assertMatch(detail!, /^the body of the request: cannot read '.*': it has become shorter: /);
      assertEquals(next.status, 200);
    }, CONTENT.length + 1);
  });

  Deno.test(`${title} reads no more of a body than the server takes`, async () => {
    const sockets: net.Socket[] = [];
    const server = net.createServer((socket) => {
      sockets.push(socket.on("error", () => {}).pause());
      // The preface of a server of HTTP/2, with windows for all of the body.
      if (name === "http2") {
        socket.write(Uint8Array.of(0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0x7f, 0xff, 0xff, 0xff));
        socket.write(Uint8Array.of(0, 0, 4, 8, 0, 0, 0, 0, 0, 0x7f, 0, 0, 0));
      }
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as net.AddressInfo;
    const engine = create({ timeoutMs: 200 });
    const body = new EndlessBody();
    const result = await makeRequest(
      engine,
      target(`http://127.0.0.1:${port}/`, { method: "POST", body }),
    );
    engine.close();
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
    assertEquals(result.error, "timeout", result.detail);
    assert(body.read > 0 && body.read < MAX_TAKEN_BYTES, `${body.read}`);
  });

  if (name !== "http1") continue;

  Deno.test(`${title} sends the rest of a body after an early response`, async () => {
    await withBody(async (body) => {
      let received = 0;
      let connections = 0;
      const server = net.createServer((socket) => {
        connections++;
        socket.on("error", () => {});
        socket.once("data", (bytes) => {
          received += bytes.length;
          socket.write(ok());
          socket.on("data", (bytes) => {
            received += bytes.length;
            if (bytes.toString("latin1").includes("GET /next")) socket.write(ok("next"));
          });
        });
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const url = `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`;
      const engine = create({ concurrency: 1 });
      const first = await makeRequest(engine, target(`${url}/`, { method: "POST", body }));
      const second = await makeRequest(engine, target(`${url}/next`));
      engine.close();
      await new Promise((resolve) => server.close(resolve));
      assertEquals([first.status, second.status, second.size], [200, 200, 4]);
      assertEquals(connections, 1);
      assert(received > CONTENT.length);
    });
  });
}
