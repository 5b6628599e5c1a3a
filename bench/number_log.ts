const ZERO = 0x30;
const NINE = 0x39;
const NEWLINE = 0x0a;

/**
 * Reads a log as a stream: what each line has of whole numbers, whatever stands between them.
 *
 * @param visit is called with the numbers of each line, in an array that is used again
 */
export async function forEachLine(
  file: string,
  visit: (numbers: readonly number[]) => void,
): Promise<void> {
  using log = await Deno.open(file);
  const numbers: number[] = [];
  let number = -1;
  for await (const block of log.readable) {
    for (const byte of block) {
      if (byte >= ZERO && byte <= NINE) {
        number = Math.max(number, 0) * 10 + byte - ZERO;
        continue;
      }
      if (number >= 0) numbers.push(number);
      number = -1;
      if (byte !== NEWLINE) continue;
      visit(numbers);
      numbers.length = 0;
    }
  }
}
