/**
 * What each request is made of.
 *
 * @module
 */
import { identifyBody, identifyHeaders } from "../request_identity.ts";
import type { RunFlag } from "./flag.ts";

/** As wrk takes it for `-d`. */
const WRK_DURATION = /^\d+(?:\.\d+)?(?:ms|s|m|h)$/;

/** The rows, in the order of the help. */
export const REQUEST_ROWS = [
  {
    name: "method",
    short: "m",
    value: "METHOD",
    defaultWords: "GET, or POST with --data",
    help: "the method of each request",
    mistaken: { value: /^[\d.]+[a-z]*$/, is: "the method", instead: "'-t 10s' for a time limit" },
    identity: { of: ({ method }) => method },
  },
  {
    name: "header",
    short: "H",
    value: "'NAME: VALUE'",
    repeatable: true,
    fromFile: true,
    secret: "field",
    help: "a header field, its value a template; @FILE: a file of them, one a line; @-: stdin",
    identity: { of: identifyHeaders, isSecret: true },
  },
  {
    name: "data",
    short: "d",
    value: "DATA|@FILE",
    fromFile: true,
    // A body can hold a password.
    secret: "value",
    help: "the body, a template unless it is in a file; @- is stdin",
    mistaken: { value: WRK_DURATION, is: "the body", instead: "'-z 30s' for a duration" },
    identity: { of: identifyBody, isSecret: true },
  },
  {
    name: "content-type",
    short: "T",
    value: "TYPE",
    defaultWords:
      "application/json for an object or array of JSON, else application/x-www-form-urlencoded",
    help: "the type of the body",
    mistaken: {
      value: /^[^/]*$|^\.{0,2}\/|^@/,
      is: "the type of the body",
      instead: "'-d @FILE' for a body from a file",
    },
  },
  {
    name: "user",
    short: "u",
    value: "NAME[:PASSWORD]",
    fromFile: true,
    secret: "value",
    help: "Basic credentials; NAME alone asks for the password; " +
      "@FILE, @-: from a file or stdin",
  },
  {
    name: "cookie",
    short: "b",
    value: "'A=B'",
    repeatable: true,
    fromFile: true,
    secret: "value",
    help: "cookies to send, a template; @FILE, @-: from a file or stdin",
    mistaken: {
      value: /^[^@={][^={]*$/,
      is: "the text of cookies",
      instead: "'--cookie-jar=FILE' for a file of them",
    },
  },
  {
    name: "cookie-jar",
    optionalValue: "FILE",
    path: { access: "write", endings: { formats: ["txt"] } },
    help: "keep the cookies that servers set, for the run; FILE: load and save them there, " +
      "in Netscape's format, like curl's -b and -c",
  },
  {
    name: "user-agent",
    value: "TEXT",
    defaultWords: "myriad/VERSION",
    help: "the User-Agent field, a template",
  },
  {
    name: "compressed",
    help: "ask for a compressed response, and decode it: gzip, deflate, br or zstd, like curl",
  },
  {
    name: "request-id",
    optionalValue: "NAME",
    help: "send an id with each request, in the header field NAME (default X-Request-Id), " +
      "and record it; traceparent: in the W3C's form",
    identity: { of: ({ requestId }) => requestId },
  },
] as const satisfies readonly RunFlag[];
