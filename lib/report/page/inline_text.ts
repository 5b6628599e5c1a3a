/**
 * The script, the style and the data of a page.
 *
 * @module
 */
import { escapeJson } from "../../text/escape.ts";
import { Html } from "./html.ts";

/**
 * Data as JSON for a `<script>` that is not run. No text in it can end the element or begin a
 * comment (HTML standard, "Restrictions for contents of script elements"). It is valid JavaScript,
 * too (before ES2019, U+2028 and U+2029 ended a line).
 */
export function jsonForScript(data: unknown): Html {
  const json = escapeJson(JSON.stringify(data))
    .replace(/[<>&]/g, (it) => `\\u00${it.charCodeAt(0).toString(16)}`);
  return new Html(json);
}

/**
 * Text of the program itself as the content of a `<script>` or `<style>`.
 *
 * @throws {Error} If the text could end the element.
 */
export function inlineText(text: string): Html {
  if (/<\/(?:script|style)|<!--/i.test(text)) throw new Error("The text would end its element.");
  return new Html(text);
}

/**
 * A Content-Security-Policy (CSP Level 3) that allows these scripts and styles by their hashes, and
 * nothing else: no request, no form, no base.
 */
export async function formatContentSecurityPolicy(
  scripts: readonly string[],
  styles: readonly string[],
): Promise<string> {
  const [scriptHashes, styleHashes] = await Promise.all([
    formatHashes(scripts),
    formatHashes(styles),
  ]);
  return `default-src 'none'; script-src ${scriptHashes}; style-src ${styleHashes}; ` +
    "base-uri 'none'; form-action 'none'";
}

async function formatHashes(texts: readonly string[]): Promise<string> {
  const each = texts.map(async (text) => {
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
    return `'sha256-${new Uint8Array(digest).toBase64()}'`;
  });
  return (await Promise.all(each)).join(" ");
}
