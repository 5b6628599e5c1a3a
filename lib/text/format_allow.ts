import { quoteWord } from "./quote_word.ts";

/** The flag of Deno that gives a permission, as a shell takes it. */
export function formatAllow(
  name: "read" | "write" | "net",
  value: string | readonly string[],
): string {
  return quoteWord(`--allow-${name}=${value}`);
}
