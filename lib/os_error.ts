/** What the operating system says went wrong, without the number and the path behind it. */
export function osMessage(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/ \(os error \d+\).*$/s, "");
}
