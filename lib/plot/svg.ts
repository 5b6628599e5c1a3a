/** A coordinate, without more digits than can be seen. */
export function formatCoordinate(value: number): string {
  return `${Math.round(value * 10) / 10}`;
}

/**
 * An SVG document whose text, lines and background are light or dark, as its reader prefers.
 *
 * @param content elements; text has the class `title`, or `dim` if it is less important
 * @param style rules of other classes
 */
export function formatSvg(
  width: number,
  height: number,
  content: string,
  style = "",
): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<style>
svg { color-scheme: light dark; font: 13px system-ui, sans-serif; background: #fff; }
text { fill: #1c2128; } .dim { fill: #5b6570; font-size: 12px; } .title { font-weight: 600; }
.grid { stroke: #d8dee4; }
@media (prefers-color-scheme: dark) {
svg { background: #0d1117; } text { fill: #e6edf3; } .dim { fill: #9aa4ae; }
.grid { stroke: #30363d; }
}${style}
</style>
${content}</svg>
`;
}

/** Colors that can be told apart on white and on black, also by most color-blind readers. */
export const COLORS = [
  "#0072b2",
  "#d55e00",
  "#009e73",
  "#cc79a7",
  "#e69f00",
  "#56b4e9",
  "#8c6bb1",
  "#7f7f7f",
  "#c22f2f",
] as const;
