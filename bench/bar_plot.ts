import { linearScale, logScale, type Scale, thinTicks } from "../lib/plot/scale.ts";
import { formatCoordinate, formatSvg } from "../lib/plot/svg.ts";
import { escapeMarkup } from "../lib/text/escape.ts";

/** A bar: a value, and the least and the most that was measured. */
export interface Bar {
  readonly name: string;
  /** From 0; undefined where nothing was measured. */
  readonly value: number | undefined;
  readonly least?: number;
  readonly most?: number;
  /** Whether it stands out from the others. */
  readonly marked?: boolean;
}

/** Bars of one quantity. */
export interface Panel {
  readonly title: string;
  /** Written behind each value, with its space. */
  readonly unit: string;
  readonly digits: number;
  readonly bars: readonly Bar[];
}

const WIDTH = 840;
const NAMES = 190;
/** Where the longest bar ends: its value stands to the right. */
const BARS = 540;
const ROW = 22;
const BAR = 14;
/** Of a title; of an axis. */
const HEAD = 34;
const FOOT = 36;
/** Ticks that can be written beside one another. */
const MAX_TICKS = 9;
/** Where the most is so many times the least, equal steps are equal ratios. */
const LOG_FROM = 30;

const STYLE = `
.heading { font-size: 17px; font-weight: 600; }
.bar { fill: #8fa3b5; } .mark { fill: #0f766e; } .range { stroke: #1f2328; }
@media (prefers-color-scheme: dark) {
.bar { fill: #5b6b7b; } .mark { fill: #2dd4bf; } .range { stroke: #e6edf3; }
}`;

/**
 * A plot of bars that lie, panel below panel, as an SVG document for light and for dark. A panel
 * whose values span decades has a logarithmic axis, and says so.
 */
export function barPlot(title: string, panels: readonly Panel[]): string {
  let y = 44;
  const parts: string[] = [];
  for (const panel of panels) {
    parts.push(`<g transform="translate(0 ${y})">\n${drawPanel(panel)}\n</g>`);
    y += HEAD + panel.bars.length * ROW + FOOT;
  }
  return formatSvg(
    WIDTH,
    y,
    `<title>${escapeMarkup(title)}</title>
<text class="heading" x="16" y="28">${escapeMarkup(title)}</text>
${parts.join("\n")}
`,
    STYLE,
  );
}

function drawPanel({ title, unit, digits, bars }: Panel): string {
  const axis = makeAxis(bars.flatMap(({ value, least, most }) => [value, least, most]));
  const bottom = HEAD + bars.length * ROW;
  const parts = [`<text class="title" x="16" y="20">${escapeMarkup(title)}</text>`];
  for (const tick of thinTicks(axis.ticks, MAX_TICKS)) {
    const x = formatCoordinate(NAMES + axis.place(tick) * BARS);
    parts.push(
      `<path class="grid" d="M${x} ${HEAD - 4}V${bottom}"/>`,
      `<text class="dim" x="${x}" y="${bottom + 14}" text-anchor="middle">${short(tick)}</text>`,
    );
  }
  const scale = axis.isLog ? "logarithmic axis" : "linear axis";
  parts.push(`<text class="dim" x="16" y="${bottom + 14}">${scale}</text>`);
  bars.forEach((bar, row) => parts.push(drawBar(bar, HEAD + row * ROW, axis, { unit, digits })));
  return parts.join("\n");
}

function drawBar(
  { name, value, least, most, marked }: Bar,
  y: number,
  axis: Axis,
  { unit, digits }: Pick<Panel, "unit" | "digits">,
): string {
  const baseline = y + 12;
  const parts = [
    `<text x="${NAMES - 10}" y="${baseline}" text-anchor="end">${escapeMarkup(name)}</text>`,
  ];
  if (value === undefined) {
    parts.push(`<text class="dim" x="${NAMES + 6}" y="${baseline}">not measured</text>`);
    return parts.join("\n");
  }
  const end = NAMES + axis.place(value) * BARS;
  const width = formatCoordinate(Math.max(end - NAMES, 1));
  const kind = marked === true ? "bar mark" : "bar";
  parts.push(`<rect class="${kind}" x="${NAMES}" y="${y}" width="${width}" height="${BAR}"/>`);
  let right = end;
  if (least !== undefined && most !== undefined && least < most) {
    right = NAMES + axis.place(most) * BARS;
    const left = formatCoordinate(NAMES + axis.place(least) * BARS);
    parts.push(`<path class="range" d="M${left} ${y + BAR / 2}H${formatCoordinate(right)}"/>`);
  }
  const text = value.toLocaleString("en-US", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  parts.push(
    `<text x="${formatCoordinate(right + 6)}" y="${baseline}">${escapeMarkup(text + unit)}</text>`,
  );
  return parts.join("\n");
}

/** A scale, and whether equal steps of it are equal ratios. */
interface Axis extends Scale {
  readonly isLog: boolean;
}

function makeAxis(values: readonly (number | undefined)[]): Axis {
  const positive = values.filter((value) => value !== undefined && value > 0) as number[];
  const least = Math.min(...positive);
  if (Math.max(...positive) <= least * LOG_FROM || positive.length === 0) {
    return { isLog: false, ...linearScale([0, ...positive]) };
  }
  // From the decade below the least, for no bar is as long as nothing.
  const { place, ticks } = logScale([10 ** (Math.ceil(Math.log10(least)) - 1), ...positive]);
  return { isLog: true, ticks, place: (value) => value <= 0 ? 0 : Math.max(0, place(value)) };
}

/** A tick in few characters: `2k`, `0.5`. */
function short(value: number): string {
  if (value >= 1e6) return `${formatCoordinate(value / 1e6)}M`;
  if (value >= 1e3) return `${formatCoordinate(value / 1e3)}k`;
  return `${Number(value.toPrecision(3))}`;
}
