/**
 * Named fields of this program in records of an archive (ISO 28500:2017 §5.1 lets each program add
 * some, which others ignore): how the run went, as far as its records say it. The last response of a
 * request has all of them, that of a redirect its trailers alone.
 */
export const EXTENSION_FIELDS = {
  /** The number of the request. */
  number: "Myriad-Number",
  /** Milliseconds that it took, redirects and body included, with at most three decimals. */
  ms: "Myriad-Ms",
  /** How often it was tried. */
  attempts: "Myriad-Attempts",
  /** A field of the trailer section of a chunked response; as many as it has. */
  trailer: "Myriad-Trailer",
  /** Bytes of the body of its response, as the record of the run has them. */
  bytes: "Myriad-Bytes",
  /** The kind of error, where it failed. */
  error: "Myriad-Error",
} as const;
