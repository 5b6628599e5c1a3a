import { listLabels, listRoundNumbers, roundUp } from "../../plot/round_numbers.ts";
import { formatBytes, formatClock, formatCount, formatMs, threeDigits } from "../../text/format.ts";
import plots from "./plots.js" with { type: "text" };

/** What the script has of the program's own functions, which use nothing but one another. */
export const SHARED = {
  formatBytes,
  formatClock,
  formatCount,
  formatMs,
  listLabels,
  listRoundNumbers,
  roundUp,
  threeDigits,
};

/**
 * The shared functions by their source text, then an object with them. A bundler may give them other
 * names, but then in all of them.
 */
const shared = Object.values(SHARED).join("\n") + "\nconst shared = {" +
  Object.entries(SHARED).map(([key, { name }]) => `${key}: ${name}`).join(", ") + "};";

/** The script of the page: it draws the plots. */
export const pageScript = `"use strict";\n(() => {\n${shared}\n${plots}})();\n`;
