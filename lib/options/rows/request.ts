/**
 * What each request is made of.
 *
 * @module
 */
import { identifyBody, identifyHeaders } from "../request_identity.ts";
import type { RunFlag } from "./flag.ts";

/** As wrk takes it for `-d`. */
const WRK_DURATION = /^\d+(?:\.\d+)?(?:ms|s|m|h)$/;

/** Flags whose values are joined to a body, in the order of the command line. */
export const JOINED_FLAGS: readonly string[] = ["data", "data-raw", "data-urlencode"];

/** All flags that give a body, apart from a form. */
export const BODY_FLAGS: readonly string[] = ["data-template", "json-body", ...JOINED_FLAGS];

/** The rows, in the order of the help. */
export const REQUEST_ROWS = [
  {
    name: "method",
    notWithFlow: "the flow says what it sends",
    short: "m",
    value: "METHOD",
    defaultWords: "GET, or POST with a body",
    aliases: ["X", "request"],
    help: "the method of each request",
    mistaken: {
      value: /^[\d.]+[a-z]*$/,
      is: "the method",
      instead: "'-t 10s' for a time limit, '-n N' for a number of requests",
    },
    identity: { of: ({ method }) => method },
  },
  {
    name: "head",
    notWithFlow: "the flow says what it sends",
    short: "I",
    excludes: ["method"],
    help: "ask for heads only: the method is HEAD",
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
    notWithFlow: "the flow says what it sends",
    short: "d",
    aliases: ["data-ascii", "data-binary"],
    value: "DATA|@FILE",
    repeatable: true,
    fromFile: true,
    // A body can hold a password.
    secret: "value",
    help: "the body, a template unless it is in a file; @- is stdin; several are joined by &",
    mistaken: { value: WRK_DURATION, is: "the body", instead: "'-z 30s' for a duration" },
    identity: { of: identifyBody, isSecret: true },
  },
  {
    name: "data-raw",
    notWithFlow: "the flow says what it sends",
    value: "DATA",
    repeatable: true,
    secret: "value",
    help: "the same, where @ at the beginning names no file",
  },
  {
    name: "data-urlencode",
    notWithFlow: "the flow says what it sends",
    value: "NAME=TEXT",
    repeatable: true,
    fromFile: true,
    secret: "value",
    help: "the same, TEXT percent-encoded; also TEXT, =TEXT, NAME@FILE, @FILE",
  },
  {
    name: "data-template",
    notWithFlow: "the flow says what it sends",
    value: "FILE",
    path: { access: "read", stdio: true },
    excludes: JOINED_FLAGS,
    help: "the body, a template that is in a file of up to 1 MiB; - is stdin",
  },
  {
    name: "json-body",
    notWithFlow: "the flow says what it sends",
    value: "NAME=TEXT",
    repeatable: true,
    secret: "value",
    excludes: JOINED_FLAGS,
    help: "a field of a JSON object that is the body, its value a template; also NAME:=JSON",
  },
  {
    name: "form",
    notWithFlow: "the flow says what it sends",
    short: "F",
    value: "NAME=VALUE",
    repeatable: true,
    secret: "value",
    excludes: ["get", "head", "content-type", ...BODY_FLAGS],
    help: "a part of a form, multipart/form-data, its value a template; NAME=@FILE uploads a " +
      "file, NAME=<FILE sends what it holds; ;type=TYPE, ;filename=NAME behind it, like curl's -F",
    identity: { of: ({ form }) => form?.identity, isSecret: true },
  },
  {
    name: "get",
    notWithFlow: "the flow says what it sends",
    short: "G",
    requires: [JOINED_FLAGS],
    excludes: ["data-template", "json-body"],
    help: "put what --data and the like give into the query of the URL, and send GET",
  },
  {
    name: "content-type",
    notWithFlow: "the flow says what it sends",
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
    inLibrary: ["Client"],
    notWithFlow: "each iteration has a jar of its own",
    optionalValue: "FILE",
    path: {
      access: "write",
      endings: { formats: ["txt"] },
      derives: (named, path) => path === `${named}.tmp`,
    },
    help: "keep the cookies that servers set, for the run; FILE: load and save them there, " +
      "in Netscape's format, like curl's -b and -c",
  },
  {
    name: "user-agent",
    short: "A",
    value: "TEXT",
    defaultWords: "myriad/VERSION",
    help: "the User-Agent field, a template",
    mistaken: {
      value: /^(application|text|image|\*)\//,
      is: "the User-Agent field",
      instead: "'-H \"Accept: TYPE\"' for the Accept field",
    },
  },
  {
    name: "referer",
    short: "e",
    value: "URL",
    secret: "userinfo",
    help: "the Referer field, a template",
    mistaken: {
      value: /;auto$/,
      is: "the Referer field",
      instead: "the URL alone, as redirects do not set the field",
    },
  },
  {
    name: "compressed",
    inLibrary: ["Client"],
    help: "ask for a compressed response, and decode it: gzip, deflate, br or zstd, like curl",
  },
  {
    name: "request-id",
    notWithFlow: "the flow sets the fields of its requests",
    optionalValue: "NAME",
    help: "send an id with each request, in the header field NAME (default X-Request-Id), " +
      "and record it; traceparent: in the W3C's form",
    identity: { of: ({ requestId }) => requestId },
  },
] as const satisfies readonly RunFlag[];
