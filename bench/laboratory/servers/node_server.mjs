// Servers of Node's `http` and, with TLS, of its `http2`, at Node's own settings.
//
//     node node_server.mjs PORT LOG TLS_PORT CERTIFICATE KEY
//
// `/17` has a body of 13 bytes, `/large/17` one of 300,000, `/post/17` one of 4. The log gets a line of each
// request as soon as all of it has come. Without TLS if TLS_PORT is 0.
import { Buffer } from "node:buffer";
import { openSync, readFileSync, writeSync } from "node:fs";
import { createServer } from "node:http";
import { createSecureServer } from "node:http2";
import process from "node:process";

const [, , port, log, tlsPort, cert, key] = process.argv;
const file = openSync(log, "a");
const SMALL = Buffer.from("Hello, World!");
const LARGE = Buffer.alloc(300_000, "n");
const DONE = Buffer.from("done");

function answer(request, response) {
  request.resume();
  request.on("end", () => {
    const { url } = request;
    const body = url.startsWith("/large/") ? LARGE : url.startsWith("/post/") ? DONE : SMALL;
    writeSync(file, `${url} 200\n`);
    // Varnish would answer the same URL by itself.
    response.writeHead(200, { "content-length": body.length, "cache-control": "no-store" });
    response.end(body);
  });
}

createServer(answer).listen(Number(port));
if (tlsPort !== "0") {
  const tls = { cert: readFileSync(cert), key: readFileSync(key), allowHTTP1: true };
  createSecureServer(tls, answer).listen(Number(tlsPort));
}
