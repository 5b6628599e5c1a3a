const NEWLINE = 10;
const QUOTE = 34;

/**
 * How many records encoded text holds, each with its line break.
 *
 * @param hasQuotes whether a line break between quotes belongs to a record, as in CSV
 * @returns undefined if the last record has no end
 */
export function countRecords(bytes: Uint8Array, hasQuotes: boolean): number | undefined {
  if (bytes.length > 0 && bytes[bytes.length - 1] !== NEWLINE) return undefined;
  let count = 0;
  if (!hasQuotes) {
    for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) count++;
    return count;
  }
  let isQuoted = false;
  for (let k = 0; k < bytes.length; k++) {
    if (bytes[k] === QUOTE) isQuoted = !isQuoted;
    else if (bytes[k] === NEWLINE && !isQuoted) count++;
  }
  return isQuoted ? undefined : count;
}
