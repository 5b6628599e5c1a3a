/**
 * Inputs that are URLs.
 *
 * @module
 */
import { withoutSecrets } from "../text/secrets.ts";

const IS_REMOTE = /^https?:\/\//i;

/** Whether the path of an input is a URL, whose content is fetched. */
export function isRemote(path: string): boolean {
  return IS_REMOTE.test(path);
}

/** A path as it may be shown: without the secrets of a URL. */
export function showPath(path: string): string {
  return isRemote(path) ? withoutSecrets(path) : path;
}

/** What tells the format of an input by its ending: of a URL, its path. */
export function findFileName(path: string): string {
  return isRemote(path) ? URL.parse(path)?.pathname ?? path : path;
}
