/**
 * What stands in a page besides HTML: its script, its style, its data.
 *
 * @module
 */
import { escapeJson } from "../../text/escape.ts";
import { Html } from "./html.ts";

/**
 * Data as JSON for a `<script>` that is not run. No text in it can end the element or begin a
 * comment (HTML standard, "Restrictions for contents of script elements"), and it is JavaScript as
 * well (before ES2019, U+2028 and U+2029 ended a line).
 */
export function jsonForScript(data: unknown): Html {
  const json = escapeJson(JSON.stringify(data))
    .replace(/[<>&]/g, (it) => `\\u00${it.charCodeAt(0).toString(16)}`);
  return new Html(json);
}

/**
 * Our own text as the content of a `<script>` or `<style>`.
 *
 * @throws {Error} If it could end the element.
 */
export function inlineText(text: string): Html {
  if (/<\/(?:script|style)|<!--/i.test(text)) throw new Error("It would end its element.");
  return new Html(text);
}

/**
 * A Content-Security-Policy (CSP Level 3) that lets these scripts and styles in by their hashes, and
 * nothing else: no request, no form, no base.
 */
export async function formatContentSecurityPolicy(
  scripts: readonly string[],
  styles: readonly string[],
): Promise<string> {
  const [ofScripts, ofStyles] = await Promise.all([hashes(scripts), hashes(styles)]);
  return `default-src 'none'; script-src ${ofScripts}; style-src ${ofStyles}; ` +
    "base-uri 'none'; form-action 'none'";
}

async function hashes(texts: readonly string[]): Promise<string> {
  const each = texts.map(async (text) => {
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
    return `'sha256-${new Uint8Array(digest).toBase64()}'`;
  });
  return (await Promise.all(each)).join(" ");
}
