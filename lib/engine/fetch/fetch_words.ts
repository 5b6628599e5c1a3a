import { wordsOfCode } from "../connect_failure.ts";

/**
 * What native fetch of Deno 2.9 says of common faults, and what the other engine says of the same. A
 * text of the operating system is behind `tcp connect error: ` where there was no connection.
 */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/^(tcp connect error: )?connection refused/i, wordsOfCode("ECONNREFUSED")],
  [/^tcp connect error: connection reset/i, wordsOfCode("ECONNRESET")],
  [/^connection reset by peer/i, "the server reset the connection"],
  [/^connection closed before message completed/, "the server closed the connection"],
  [/^(tcp connect error: )?no route to host/i, wordsOfCode("EHOSTUNREACH")],
  [/^(tcp connect error: )?network is unreachable/i, wordsOfCode("ENETUNREACH")],
  [/^tcp connect error: invalid argument/i, wordsOfCode("EINVAL")],
  [/^dns error: .*(name or service not known|nodename nor servname)/i, wordsOfCode("ENOTFOUND")],
  [/^dns error: .*no address associated with/i, wordsOfCode("ENODATA")],
  [/^dns error: .*temporary failure in name resolution/i, wordsOfCode("EAI_AGAIN")],
  [
    /^(invalid HTTP version parsed|received unexpected message from connection)/,
    "the server sent something that is not an answer by HTTP",
  ],
  [
    /^error reading a body from connection/,
    "the connection ended before the end of the body, or the body is malformed",
  ],
];

/**
 * Why a request failed, in the words of the other engine.
 *
 * @param detail what native fetch says; what is not known is given back
 */
export function describeFetchError(detail: string): string {
  return WORDS.find(([pattern]) => pattern.test(detail))?.[1] ?? detail;
}
