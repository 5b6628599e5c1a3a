/**
 * Refuses placeholders that nothing can fill.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import type { RequestDefaults } from "./request_defaults.ts";
import { flagTemplates } from "./request_templates.ts";
import { checkCall, isComputed } from "./template_functions.ts";
import type { UrlTemplate } from "./url_template.ts";

/**
 * Refuses named placeholders of the URL.
 *
 * @param why in words, for the message
 * @throws {UsageError} If there is one, or one has a filter that does not exist.
 */
export function refuseFields(template: UrlTemplate, why: string): void {
  const name = template.names.find((name) => name !== "" && !isComputed(name, () => false));
  if (name !== undefined) {
    checkCall(name);
    const shown = template.isCredential(name) ? "what stands before the '@'" : `'{${name}}'`;
    throw new UsageError(`Cannot fill ${shown} of the URL: ${why}`);
  }
}

/**
 * Refuses placeholders of header fields and the body that no record can fill. The message names
 * their place, since what looks like a name can be a piece of a secret.
 *
 * @param isThere whether records have a field of a name
 * @param why in words, for the message
 * @throws {UsageError} If there is one.
 */
export function refuseNames(
  { templates }: RequestDefaults,
  isThere: (name: string) => boolean,
  why: string,
): void {
  if (templates === undefined) return;
  for (const { flag, template } of flagTemplates(templates)) {
    const wrong = template.placeholders.find(({ name }) =>
      name !== "" && !isThere(name) && !isComputed(name, isThere)
    );
    if (wrong === undefined) continue;
    throw new UsageError(
      `Cannot fill the placeholder at character ${wrong.at} of '${flag}': ${why}: ` +
        "for braces as they are, write {{name}}",
    );
  }
}
