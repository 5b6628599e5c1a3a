/** A URL that can stand in a record as it is: in ASCII, with a path, and without user information. */
const PLAIN = /^https?:\/\/[a-z0-9.:\[\]-]+\/[!$-~]*$/;

/**
 * The `WARC-Target-URI` of a URL: as it was requested, so without user information, and without the
 * fragment, which is not sent (ISO 28500:2017 §5.10).
 *
 * @param url an absolute URL
 */
export function toTargetUri(url: string): string {
  if (PLAIN.test(url)) return url;
  const parsed = new URL(url);
  parsed.username = "";
  parsed.password = "";
  parsed.hash = "";
  return parsed.href;
}
