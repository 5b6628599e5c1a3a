import { decodeFieldValue, isRedirect } from "../http/fields.ts";
import type { Failure } from "../result.ts";
import type { HeaderList } from "../target.ts";
import { isSecretHeader } from "../text/secrets.ts";
import { failureOfRedirect } from "./failure.ts";

/** What a request is made of, as far as a redirect changes it. */
export interface Hop {
  readonly url: string;
  readonly method: string;
  readonly headers: HeaderList;
  readonly body: Uint8Array<ArrayBuffer> | undefined;
  /** One more field, which each request has its own of: kept apart, it leaves the others shared. */
  readonly requestId?: HeaderList[number] | undefined;
}

/** What an answer says of where it points to. */
export interface Pointer {
  readonly status: number;
  /** The first `Location` field, each character a byte; null if there is none. */
  readonly location: string | null;
  /** Whether there is a second one that differs from it. */
  readonly isAmbiguous: boolean;
}

/** What is between two `Location` fields where native fetch has joined them. */
const BETWEEN_LOCATIONS = /, (?=\/|https?:)/i;

/**
 * Takes `Location` fields apart that native fetch has joined by `, ` (Fetch standard, "get"). A URI
 * has no space (RFC 3986 §2), but some servers send one: so there are several only where all are
 * the same, or where each but the first begins with a slash or a scheme.
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
 * Where an answer points to, if it is to be followed.
 *
 * @param followed how many redirects brought the request here, from 0
 * @param most most of them, from 0; with 0 the 3xx itself is the answer
 * @returns the next request, why there is none, or undefined if the answer is the one to keep
 */
export function follow(
  hop: Hop,
  { status, location, isAmbiguous }: Pointer,
  followed: number,
  most: number,
): Hop | Failure | undefined {
  if (location === null || most === 0 || !isRedirect(status)) return undefined;
  if (followed === most) return failureOfRedirect(`more than ${most} redirects`);
  // RFC 9110 §10.2.2: there is one. To guess which would be to request what the other end did not mean.
  if (isAmbiguous) return failureOfRedirect(`the ${status} has two Locations that differ`);
  const next = nextHop(hop, status, location);
  return typeof next === "string" ? failureOfRedirect(next) : next;
}

/**
 * A `Location` as a URI reference: what is UTF-8 is taken for that, for the sake of its host too,
 * and of anything else each byte above ASCII is percent-encoded (RFC 3986 §2.1).
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
 * The request that a redirect asks for. As the Fetch standard's "HTTP-redirect fetch" has it:
 * POST becomes GET for 301 and 302, everything but GET and HEAD becomes GET for 303, and 307 and
 * 308 change nothing (RFC 9110 §15.4). Beyond it, whatever looks like credentials stays with its
 * origin, not `Authorization` alone, and a `Location` brings no user information with it.
 *
 * @param location the `Location` field, each character a byte
 * @returns the next request, or why there is none, in words
 */
function nextHop(hop: Hop, status: number, location: string): Hop | string {
  const from = new URL(hop.url);
  const to = URL.parse(toReference(location), from);
  if (to === null) return `the Location of the ${status} is no URL`;
  if (to.protocol !== "http:" && to.protocol !== "https:") {
    return `the Location of the ${status} is no http or https URL`;
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
