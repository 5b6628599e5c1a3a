import { decodeFieldValue, isRedirect } from "../http/fields.ts";
import type { Failure } from "../result.ts";
import type { HeaderList, RequestBody } from "../target.ts";
import { isSecretHeader } from "../text/secrets.ts";
import { toRedirectFailure } from "./failure.ts";

/** The parts of a request that a redirect can change. */
export interface Hop {
  readonly url: string;
  readonly method: string;
  readonly headers: HeaderList;
  readonly body: RequestBody | undefined;
  /** A field of this request alone; kept apart so that requests can share the other fields. */
  readonly requestId?: HeaderList[number] | undefined;
}

/** Where a response points to. */
export interface Pointer {
  readonly status: number;
  /** The first `Location` field, each character a byte; null without one. */
  readonly location: string | null;
  /** Whether another `Location` field differs from it. */
  readonly isAmbiguous: boolean;
}

/** The separator of two `Location` fields that native fetch has joined. */
const BETWEEN_LOCATIONS = /, (?=\/|https?:)/i;

/**
 * Separates `Location` fields that native fetch has joined by `, ` (Fetch standard, "get"). A URI has
 * no space (RFC 3986 §2), but some servers send one. So the parts count as several fields only if all
 * are the same, or if each after the first begins with a slash or a scheme.
 */
export function readLocation(status: number, joined: string | null): Pointer {
  const all = joined?.split(", ") ?? [];
  if (all.every((location) => location === all[0])) {
    return { status, location: all[0] ?? null, isAmbiguous: false };
  }
  const [location, ...others] = joined!.split(BETWEEN_LOCATIONS);
  return { status, location, isAmbiguous: others.some((other) => other !== location) };
}

/**
 * Finds where a response points to, if the redirect has to be followed.
 *
 * @param followed how many redirects were followed before, from 0
 * @param most the most redirects, from 0; with 0, the 3xx itself is the response
 * @returns the next request; why it cannot be made; or undefined if the response is final
 */
export function follow(
  hop: Hop,
  { status, location, isAmbiguous }: Pointer,
  followed: number,
  most: number,
): Hop | Failure | undefined {
  if (location === null || most === 0 || !isRedirect(status)) return undefined;
  if (followed === most) return toRedirectFailure(`more than ${most} redirects`);
  // RFC 9110 §10.2.2 allows one field. A guess could request a URL that the server did not mean.
  if (isAmbiguous) return toRedirectFailure(`the ${status} has two different Locations`);
  const next = nextHop(hop, status, location);
  return typeof next === "string" ? toRedirectFailure(next) : next;
}

/**
 * A `Location` as a URI reference. Valid UTF-8 is decoded, for the sake of its host too; otherwise
 * each byte above ASCII is percent-encoded (RFC 3986 §2.1).
 */
function toReference(location: string): string {
  const text = decodeFieldValue(location);
  if (text !== location) return text;
  return location.replace(
    /[\x80-\xff]/g,
    (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/**
 * The request that a redirect asks for, by the Fetch standard's "HTTP-redirect fetch": POST becomes
 * GET for 301 and 302, any method except GET and HEAD becomes GET for 303, and 307 and 308 change
 * nothing (RFC 9110 §15.4). In addition, every field that looks like credentials stays with its
 * origin, not only `Authorization`, and user information of a `Location` is dropped.
 *
 * @param location the `Location` field, each character a byte
 * @returns the next request, or why it cannot be made, in words
 */
function nextHop(hop: Hop, status: number, location: string): Hop | string {
  const from = new URL(hop.url);
  // Deno 2.9 takes no more than two (findings/deno_url_more_slashes.sh).
  const reference = toReference(location).replace(/^[\\/]{3,}/, "//");
  const to = URL.parse(reference, from);
  if (to === null) return `the Location of the ${status} is not a URL`;
  if (to.protocol !== "http:" && to.protocol !== "https:") {
    return `the Location of the ${status} is not an http or https URL`;
  }
  to.username = to.password = "";
  const becomesGet = (status === 303 && hop.method !== "GET" && hop.method !== "HEAD") ||
    ((status === 301 || status === 302) && hop.method === "POST");
  const leaves = to.origin !== from.origin;
  const headers = becomesGet || leaves
    ? hop.headers.filter(([name]) =>
      !(becomesGet && /^content-/i.test(name)) &&
      !(leaves && (isSecretHeader(name) || /^host$/i.test(name)))
    )
    : hop.headers;
  const { requestId } = hop;
  return becomesGet
    ? { url: to.href, method: "GET", headers, body: undefined, requestId }
    : { url: to.href, method: hop.method, headers, body: hop.body, requestId };
}
