import { assertEquals } from "@std/assert";
import { ReadFirstSocket } from "../../../lib/engine/transport/read_first_socket.ts";
import { WildServer } from "../../fixtures/wild_server.ts";

const REFUSAL = "HTTP/1.1 413 X\r\nContent-Length: 2\r\n\r\nno";

Deno.test("ReadFirstSocket reads what came before a reset although a write failed", async () => {
  // Paused, it cannot read before the write, which finds the reset.
  let hasReset = (): void => {};
  const reset = new Promise<void>((resolve) => hasReset = resolve);
  await using server = await WildServer.start(async (peer) => {
    await peer.send(REFUSAL);
    peer.reset();
    hasReset();
  });
  let text = "";
  const buffer = new Uint8Array(1024);
  const socket = new ReadFirstSocket({
    buffer,
    callback: (length) => {
      text += new TextDecoder().decode(buffer.subarray(0, length));
      return true;
    },
  });
  const closed = new Promise((resolve) => socket.once("close", resolve));
  const errors: (string | undefined)[] = [];
  socket.on("error", ({ code }: NodeJS.ErrnoException) => errors.push(code));
  await new Promise<void>((resolve) =>
    socket.connect({ port: server.port, host: "127.0.0.1" }, () => {
      socket.pause();
      resolve();
    })
  );
  await reset;
  await server.closed();
  socket.write("POST / HTTP/1.1\r\n");
  socket.resume();
  await closed;
  assertEquals(text, REFUSAL);
  assertEquals(errors.length, 1);
});
