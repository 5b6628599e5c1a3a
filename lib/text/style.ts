/** The parameters of styles on a terminal (ECMA-48 §8.3.117, SGR). */
const STYLES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

/** A color or a weight. */
export type Style = keyof typeof STYLES;

/** Makes a function that puts a text in a style, which ends behind it; without color it does not. */
export function createPainter(color: boolean): (style: Style, text: string) => string {
  return (style, text) => color ? `\x1b[${STYLES[style]}m${text}\x1b[0m` : text;
}
