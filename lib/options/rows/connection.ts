/**
 * How servers are reached.
 *
 * @module
 */
import { choice, count, DURATION, SIZE } from "../../cli/kinds.ts";
import { ENGINE_NAMES } from "../../engine/engines.ts";
import { TRANSPORTS } from "../../engine/options.ts";
import { BYTE_RATE, CONNECT_TO, LOCAL_END, RESOLVE } from "../kinds.ts";
import { listWords } from "./flag.ts";
import type { RunFlag } from "./flag.ts";

/** The rows, in the order of the help. */
export const CONNECTION_ROWS = [
  {
    name: "engine",
    inLibrary: ["Client"],
    value: "ENGINE",
    kind: choice(...ENGINE_NAMES),
    default: ENGINE_NAMES[0],
    help: `${listWords(ENGINE_NAMES)}; auto takes http1 for http URLs, ` +
      "and for https URLs http2 if the server agrees",
  },
  {
    name: "transport",
    inLibrary: ["Client"],
    value: "MODE",
    kind: choice(...TRANSPORTS),
    default: TRANSPORTS[0],
    off: TRANSPORTS[0],
    needs: "transports",
    help: "sockets of the runtime (portable), or of libc and OpenSSL (native), which cost less " +
      "and need --allow-ffi; auto takes native if it can",
  },
  {
    name: "http2",
    inLibrary: ["Client"],
    excludes: ["http1.1"],
    needs: "HTTP/2 only",
    help: "speak HTTP/2 only, with http URLs from the first byte: prior knowledge",
  },
  {
    name: "http1.1",
    excludes: ["connections", "streams"],
    needs: "HTTP/1.1 only",
    help: "speak HTTP/1.1 only, also with https URLs",
  },
  {
    name: "connections",
    inLibrary: ["Client"],
    value: "N",
    kind: count({ min: 1, max: 1_000_000 }),
    defaultWords: "enough for -c",
    option: "connections",
    needs: "streams",
    help: "maximum number of connections to an origin with HTTP/2, which share its requests",
  },
  {
    name: "streams",
    inLibrary: ["Client"],
    value: "N",
    kind: count({ min: 1, max: 1_000_000 }),
    defaultWords: "as many as the server allows",
    option: "streams",
    needs: "streams",
    help: "maximum number of requests in flight on a connection with HTTP/2",
  },
  {
    name: "disable-keepalive",
    inLibrary: ["Client"],
    option: "disableKeepAlive",
    excludes: ["connections", "streams"],
    help: "make a connection for each request, and close it then; HTTP/1.1 says so by " +
      "Connection: close",
  },
  {
    name: "timeout",
    inLibrary: ["Client"],
    short: "t",
    value: "D",
    kind: DURATION,
    default: "30s",
    option: "timeoutMs",
    help: "time limit for a whole attempt",
  },
  {
    name: "connect-timeout",
    inLibrary: ["Client"],
    value: "D",
    kind: DURATION,
    option: "connectTimeoutMs",
    needs: "connect deadline",
    help: "time limit for making a connection: look-up, all addresses, TLS",
  },
  {
    name: "idle-timeout",
    inLibrary: ["Client"],
    value: "D",
    kind: DURATION,
    option: "idleTimeoutMs",
    needs: "idle deadline",
    help: "time limit between two reads of a response that has begun",
  },
  {
    name: "redirects",
    inLibrary: ["Client"],
    aliases: ["max-redirs"],
    value: "N",
    kind: count({ max: 1_000 }),
    default: "10",
    help: "follow at most N; 0: report the 3xx itself",
  },
  {
    name: "location",
    short: "L",
    help: "follow redirects, as without it: up to 10, or as many as --redirects says, but not 0",
  },
  {
    name: "max-body",
    inLibrary: ["Client"],
    value: "SIZE",
    kind: SIZE,
    default: "64M",
    option: "maxBodyBytes",
    help: "a longer body is an error",
  },
  {
    name: "limit-rate",
    inLibrary: ["Client"],
    value: "SIZE",
    kind: BYTE_RATE,
    option: "maxBytesPerSecond",
    needs: "rate limit",
    help: "receive, and send, at most SIZE bytes a second, all connections together",
  },
  {
    name: "insecure",
    inLibrary: ["Client"],
    short: "k",
    needs: "any certificate",
    help: "accept any certificate of a server",
  },
  {
    name: "cacert",
    inLibrary: ["Client"],
    value: "FILE",
    path: { access: "read" },
    help: "certificate authorities to trust, in PEM",
  },
  {
    name: "cert",
    inLibrary: ["Client"],
    value: "FILE",
    path: { access: "read" },
    help: "a client certificate, in PEM",
  },
  {
    name: "key",
    inLibrary: ["Client"],
    value: "FILE",
    path: { access: "read" },
    defaultWords: "in the file of --cert",
    requires: ["cert"],
    help: "the key of the client certificate, in PEM",
  },
  // The words of native fetch do not tell a proxy that is down from a host that is, it sends no
  // credentials to an https proxy for `http:` URLs, and lets a socks5 proxy look names up (Deno 2.9).
  {
    name: "proxy",
    inLibrary: ["Client"],
    short: "x",
    value: "URL",
    fromFile: true,
    secret: "userinfo",
    excludes: ["unix-socket"],
    needs: "proxies",
    help: "http, https, socks5 or socks5h (which looks names up), with credentials; " +
      "@FILE, @-: from a file or stdin",
  },
  {
    name: "resolve",
    inLibrary: ["Client"],
    value: "HOST:PORT:ADDRESS[,…]",
    kind: RESOLVE,
    repeatable: true,
    option: "resolve",
    excludes: ["unix-socket"],
    needs: "detours",
    help: "connect to these addresses without a look-up of the name; HOST * is every host",
  },
  {
    name: "connect-to",
    inLibrary: ["Client"],
    value: "HOST:PORT:TO:TO-PORT",
    kind: CONNECT_TO,
    repeatable: true,
    option: "connectTo",
    excludes: ["unix-socket"],
    needs: "detours",
    help: "connect to another host and port, with the same requests; what is left empty is any " +
      "host or port, or that of the URL",
  },
  {
    name: "ipv4",
    short: "4",
    excludes: ["ipv6", "unix-socket"],
    needs: "IP versions",
    help: "connect by IPv4 only",
  },
  {
    name: "ipv6",
    short: "6",
    excludes: ["unix-socket"],
    needs: "IP versions",
    help: "connect by IPv6 only",
  },
  {
    name: "interface",
    value: "ADDRESS|NAME",
    kind: LOCAL_END,
    option: "localEnd",
    excludes: ["unix-socket"],
    help: "connect from this address, or (native sockets only) by this network interface",
  },
  {
    name: "unix-socket",
    inLibrary: ["Client"],
    value: "PATH",
    needs: "Unix sockets",
    help: "connect to this socket, whatever the URL's host",
  },
] as const satisfies readonly RunFlag[];
