const LEVELS = "▁▂▃▄▅▆▇█";

/**
 * Numbers as columns of one cell each, on a scale from 0 to the greatest; null is a space.
 *
 * @param values from 0
 */
export function formatSpark(values: readonly (number | null)[]): string {
  const most = Math.max(0, ...values.map((value) => value ?? 0));
  return values.map((value) => {
    if (value === null) return " ";
    const level = most > 0 ? Math.ceil(value / most * LEVELS.length) - 1 : 0;
    return LEVELS[Math.max(0, level)];
  }).join("");
}

const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/**
 * A share as a bar, to an eighth of a cell; only a share of 0 is empty.
 *
 * @param share 0 to 1
 * @param cells the cells of a share of 1
 */
export function formatShareBar(share: number, cells: number): string {
  const eighths = share > 0 ? Math.max(1, Math.floor(share * cells * 8)) : 0;
  return "█".repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8];
}
