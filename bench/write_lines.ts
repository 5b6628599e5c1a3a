/** Lines that are made at once. */
const BLOCK = 10_000;

/**
 * Writes a file of numbered lines, however many there are.
 *
 * @param line what is written for a number from 0 on, with its line end
 * @param header written first
 */
export async function writeLines(
  file: string,
  count: number,
  line: (i: number) => string,
  header = "",
): Promise<void> {
  using output = await Deno.open(file, { write: true, create: true, truncate: true });
  const encoder = new TextEncoder();
  for (let first = 0; first < count; first += BLOCK) {
    let lines = first === 0 ? header : "";
    for (let i = first; i < Math.min(first + BLOCK, count); i++) lines += line(i);
    const block = encoder.encode(lines);
    for (let k = 0; k < block.length;) k += await output.write(block.subarray(k));
  }
}
