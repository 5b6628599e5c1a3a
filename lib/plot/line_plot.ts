import { escapeMarkup } from "../text/escape.ts";
import { linearScale, logScale, type Scale, thinTicks } from "./scale.ts";
import { COLORS, formatCoordinate, formatSvg } from "./svg.ts";

/** An axis of a panel. */
export interface Axis {
  readonly label: string;
  readonly scale: "linear" | "log";
  /** The label of a value. */
  format(value: number): string;
}

/** A line: its name, and its points by ascending x. Values on a logarithmic axis are above 0. */
export interface PlotLine {
  readonly name: string;
  readonly points: readonly {
    readonly x: number;
    readonly y: number;
    /** Whether it is drawn as a cross: what was measured ended there before its time. */
    readonly isCut?: boolean;
  }[];
}

/** One of several plots of the same lines beside one another. */
export interface Panel {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly lines: readonly PlotLine[];
}

const PANEL_WIDTH = 430;
const PLOT = { left: 74, top: 40, width: 336, height: 260 } as const;
/** The maximum number of labels that fit beside one another below the plot. */
const MAX_BESIDE = 7;
const LEGEND_TOP = 360;
const LEGEND_ROW = 20;
const LEGEND_CELL = 140;

/**
 * Lines as an SVG document, light or dark as its reader prefers. A line has the same color in all
 * panels. Names and labels may be any text.
 */
export function formatLinePlot(panels: readonly Panel[]): string {
  const width = PANEL_WIDTH * panels.length;
  const names = [...new Set(panels.flatMap(({ lines }) => lines.map(({ name }) => name)))];
  const columns = Math.max(1, Math.floor((width - 20) / LEGEND_CELL));
  const hasLegend = panels.some(({ lines }) => lines.length > 1);
  const rows = hasLegend ? Math.ceil(names.length / columns) : 0;
  const content = panels.map((panel, k) =>
    `<g transform="translate(${k * PANEL_WIDTH} 0)">\n${drawPanel(panel, names)}</g>\n`
  );
  if (hasLegend) {
    content.push(...names.map((name, k) => {
      const [x, y] = [20 + k % columns * LEGEND_CELL, LEGEND_TOP + Math.floor(k / columns) * 20];
      return `${drawMark(k, x, y - 4)}<text x="${x + 12}" y="${y}">${escapeMarkup(name)}</text>\n`;
    }));
  }
  return formatSvg(width, LEGEND_TOP - 8 + rows * LEGEND_ROW, content.join(""));
}

function drawPanel({ title, x, y, lines }: Panel, names: readonly string[]): string {
  const { left, top, width, height } = PLOT;
  const heading = `<text class="title" x="${left}" y="22">${escapeMarkup(title)}</text>\n`;
  const points = lines.flatMap(({ points }) => points);
  if (points.length === 0) return heading;
  const scales = {
    x: makeScale(x, points.map(({ x }) => x)),
    y: makeScale(y, points.map(({ y }) => y)),
  };
  const atX = (value: number): number => left + scales.x.place(value) * width;
  const atY = (value: number): number => top + (1 - scales.y.place(value)) * height;
  const parts = [heading];
  for (const tick of scales.y.ticks) {
    const place = formatCoordinate(atY(tick));
    parts.push(
      `<path class="grid" d="M${left} ${place}h${width}"/>` +
        `<text class="dim" x="${left - 6}" y="${
          formatCoordinate(atY(tick) + 4)
        }" text-anchor="end">${escapeMarkup(y.format(tick))}</text>\n`,
    );
  }
  for (const tick of scales.x.ticks) {
    parts.push(`<path class="grid" d="M${formatCoordinate(atX(tick))} ${top}v${height}"/>`);
  }
  for (const tick of thinTicks(scales.x.ticks, MAX_BESIDE)) {
    parts.push(
      `<text class="dim" x="${formatCoordinate(atX(tick))}" y="${
        top + height + 18
      }" text-anchor="middle">${escapeMarkup(x.format(tick))}</text>\n`,
    );
  }
  parts.push(
    `<text class="dim" x="${left + width / 2}" y="${top + height + 36}" text-anchor="middle">${
      escapeMarkup(x.label)
    }</text>\n`,
  );
  for (const { name, points } of lines) {
    const color = names.indexOf(name);
    const path = points.map(({ x, y }) =>
      `${formatCoordinate(atX(x))} ${formatCoordinate(atY(y))}`
    );
    parts.push(
      `<path fill="none" stroke="${pickColor(color)}" stroke-width="2" d="M${path.join("L")}"/>`,
    );
    // If there are few points, each has a mark.
    if (points.length <= 20) {
      for (const { x, y, isCut } of points) {
        const [px, py] = [atX(x), atY(y)];
        parts.push(isCut ? drawCross(color, px, py) : drawMark(color, px, py));
      }
    }
    parts.push("\n");
  }
  return parts.join("");
}

function makeScale({ scale }: Axis, values: readonly number[]): Scale {
  return scale === "log" ? logScale(values) : linearScale(values);
}

function pickColor(k: number): string {
  return COLORS[k % COLORS.length];
}

/** A mark whose shape tells lines apart too: a disc, a square, a diamond. */
function drawMark(k: number, x: number, y: number): string {
  const [px, py] = [formatCoordinate(x), formatCoordinate(y)];
  const fill = `fill="${pickColor(k)}"`;
  if (k % 3 === 0) return `<circle cx="${px}" cy="${py}" r="4" ${fill}/>`;
  const d = k % 3 === 1 ? "m-3.5 -3.5h7v7h-7z" : "m0 -5l5 5l-5 5l-5 -5z";
  return `<path d="M${px} ${py}${d}" ${fill}/>`;
}

function drawCross(k: number, x: number, y: number): string {
  return `<path d="M${formatCoordinate(x)} ${
    formatCoordinate(y)
  }m-5 -5l10 10m0 -10l-10 10" stroke="${pickColor(k)}" stroke-width="2.5"/>`;
}
