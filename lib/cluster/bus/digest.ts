import { createHash } from "node:crypto";

/**
 * SHA-256, in hexadecimal. Here, not in a thread of its own: that takes as long, and more processor
 * time.
 */
export function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
