/**
 * What the request of a run is, as part of its identity: everything that its flags and its URL say
 * together.
 *
 * @module
 */
import { withoutUserinfo } from "../text/secrets.ts";
import type { RunOptions } from "./run_options.ts";

/** Fields that do not make it another run. */
const IGNORED_HEADERS = /^(user-agent|accept-encoding)$/i;

/**
 * All header fields, whichever flag adds them, and the credentials in the URL. Which of the fields
 * are templates counts too: a template is not the text that reads like it.
 */
export function identifyHeaders({ url, headers, form, templates }: RunOptions): unknown {
  const kept = headers.filter(([name]) =>
    !IGNORED_HEADERS.test(name) &&
    // Each run has a boundary of its own.
    !(form !== undefined && name === "Content-Type")
  );
  const userinfo = url === undefined || withoutUserinfo(url) === url ? null : url;
  if (templates === undefined) return [kept, userinfo];
  return [kept, userinfo, Array.from(templates.headers, ([[name], { source }]) => [name, source])];
}

/** The body, and whether it is a template; null without a body, and for a form. */
export function identifyBody({ body, form, templates }: RunOptions): unknown {
  if (form !== undefined) return null;
  return templates?.body === undefined ? body ?? null : [body, "template"];
}
