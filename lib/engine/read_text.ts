/** Bytes as characters of the same number (ISO 8859-1). */
export function readText(bytes: Uint8Array, from: number, to: number): string {
  let text = "";
  for (let k = from; k < to; k++) text += String.fromCharCode(bytes[k]);
  return text;
}
