/**
 * Named fields of this program in a record of an archive: what the response of a request is known by
 * in the records of the run. ISO 28500:2017 §5.1 lets each program add fields, which readers that do
 * not know them ignore. Only the last response of a request has them; those of redirects do not.
 */
export const EXTENSION_FIELDS = {
  /** The number of the request. */
  number: "Myriad-Number",
  /** Milliseconds that it took, redirects and body included, with at most three decimals. */
  ms: "Myriad-Ms",
  /** How often it was tried. */
  attempts: "Myriad-Attempts",
  /** Bytes of the body of its response, as the record of the run has them. */
  bytes: "Myriad-Bytes",
  /** The kind of error, where it failed. */
  error: "Myriad-Error",
} as const;
