/**
 * URLs without a scheme, as `example.com/x` in a list.
 *
 * @module
 */
import type { RequestDefaults } from "./request_defaults.ts";
import { checkedTarget } from "./target.ts";

/** The schemes that can be the default, without the colon. */
export const SCHEMES = ["http", "https"] as const;

/** One of {@linkcode SCHEMES}. */
export type Scheme = (typeof SCHEMES)[number];

const HAS_SCHEME = /^[a-z][a-z\d+.-]*:\/\//i;

/** A URL with a scheme: its own, or else the default one. `//host/x` gets one too (RFC 3986 §4.2). */
export function addScheme(text: string, scheme: Scheme): string {
  const url = text.trim();
  if (url === "" || HAS_SCHEME.test(url)) return url;
  return url.startsWith("//") ? `${scheme}:${url}` : `${scheme}://${url}`;
}

/** What a template begins with up to its first placeholder, if that tells the host. */
const HOST_START = /^[^{}]*$|^[^/?#{}]+[/?#]/;

/**
 * A template of URLs with a scheme. Where a placeholder can be the scheme or a piece of the host, the
 * template stays as it is, and each of its URLs gets the scheme that it lacks.
 */
export function addSchemeToTemplate(template: string, scheme: Scheme): string {
  return HOST_START.test(template) ? addScheme(template, scheme) : template;
}

/** Makes a target of a URL that nobody has looked at yet, and of one without a scheme. */
export function createCheck(scheme: Scheme | undefined): typeof checkedTarget {
  if (scheme === undefined) return checkedTarget;
  return (i: number, text: string, of: RequestDefaults) =>
    checkedTarget(i, addScheme(text, scheme), of);
}
