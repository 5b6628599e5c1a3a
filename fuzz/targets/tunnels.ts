import { openTunnel, TunnelError } from "../../lib/engine/sockets/tunnel.ts";
import { readInPieces } from "../pieces.ts";
import { attempt, type FuzzTarget, toText } from "../target.ts";

const CREDENTIALS = { user: "user", password: "password" };
const OF_PROXIES = [
  { protocol: "http", credentials: undefined },
  { protocol: "socks5", credentials: CREDENTIALS },
  { protocol: "socks5h", credentials: undefined },
] as const;

export const target: FuzzTarget = {
  reads: "what proxies answer to CONNECT and SOCKS5, in pieces",
  seeds: [
    "\0HTTP/1.1 200 OK\r\n\r\nrest",
    "\0HTTP/1.1 103 X\r\n\r\nHTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n",
    "\0HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
    "\x01\x05\0\x05\0\0\x01\x7f\0\0\x01\0\x50rest",
    "\x01\x05\x02\x01\0\x05\0\0\x03\x01a\0\x50",
    `\x02\x05\0\x05\0\0\x04${"\0".repeat(18)}`,
  ],
  tokens: ["HTTP/1.1 ", "\r\n\r\n", "\x05\0", "\x05\x02", "\x05\xff", "\x01\0", "\x05\0\0\x01"],

  run(input) {
    const [kind = 0] = input;
    const proxy = { ...OF_PROXIES[kind % 3], hostname: "proxy", port: 1 };
    return readInPieces(input.subarray(1), (pieces) => {
      const tunnel = openTunnel(proxy, { hostname: "::1", port: 443 });
      // A proxy waits for each of our messages before it answers, so two answers never come as one.
      const sent: string[] = [];
      const result = attempt(() => {
        for (const bytes of pieces.flatMap(splitAnswers(proxy.protocol))) {
          const next = tunnel.feed(bytes);
          if (next === "open") return true;
          if (next !== undefined) sent.push(toText(next));
        }
        return false;
      }, TunnelError);
      return JSON.stringify({ isOpen: "value" in result && result.value, sent });
    });
  },
};

/** SOCKS5 refuses bytes behind the end of an answer: they come one by one here. */
function splitAnswers(protocol: string): (piece: Uint8Array) => Uint8Array[] {
  return (piece) =>
    protocol === "http" ? [piece] : Array.from(piece, (byte) => Uint8Array.of(byte));
}
