/**
 * A server of HTTP/1.1 with a fault, at a port of all addresses. Unless it is silent, each fifth
 * request meets the fault, and it logs what it did with each: its number, and the status that it sent
 * whole, or 0.
 *
 *     deno run --allow-net --allow-write=LOG bench/laboratory/faulty_server.ts PORT FAULT LOG
 *
 * @module
 */
import { createServer } from "node:net";
import { BODY } from "./site.ts";

/** What a server does in place of a whole response. */
export type Fault = "silent" | "half a head" | "half a body" | "reset in mid-body";

/** Which requests meet the fault, unless all do. */
const EVERY = 5;
const HEAD = `HTTP/1.1 200 OK\r\nContent-Length: ${BODY.length}\r\n\r\n`;
const PARTS: Readonly<Record<Fault, string>> = {
  "silent": "",
  "half a head": HEAD.slice(0, 20),
  "half a body": HEAD + BODY.slice(0, 5),
  "reset in mid-body": HEAD + BODY.slice(0, 5),
};

if (import.meta.main) {
  const [port, fault, file] = Deno.args as [string, Fault, string];
  const log = Deno.openSync(file, { create: true, append: true });
  const encoder = new TextEncoder();
  const server = createServer((socket) => {
    let text = "";
    socket.on("error", () => {});
    socket.on("data", (bytes: Uint8Array) => {
      text += new TextDecoder().decode(bytes);
      // Clients send the next request after the response to the one before.
      if (!text.endsWith("\r\n\r\n")) return;
      const number = Number(/^\S+ \/(\d+)/.exec(text)?.[1]);
      text = "";
      const isFaulty = fault === "silent" || number % EVERY === EVERY - 1;
      log.writeSync(encoder.encode(`${number} ${isFaulty ? 0 : 200}\n`));
      if (!isFaulty) socket.write(HEAD + BODY);
      else if (fault !== "reset in mid-body") socket.write(PARTS[fault]);
      else socket.write(PARTS[fault], () => socket.resetAndDestroy());
    });
  });
  server.listen(Number(port), "::");
}
