import type { DeferredDisplay } from "../auto_display.ts";
import type { DisplayState, Size } from "../display.ts";
import { formatFrame } from "./frame.ts";
import { History } from "./history.ts";
import { TerminalRegion } from "./terminal_region.ts";

/** The last lines of others that the frame repeats: above it they are mostly out of sight. */
const MAX_NOTICES = 2;

/**
 * A region of the terminal that is redrawn in place; its last state stays.
 *
 * While it is redrawn, it is as high as the terminal, so that the cursor rests in the last row. When
 * a terminal with empty rows below the cursor is resized, tmux keeps these rows and moves lines into
 * the scroll-back instead, where nothing can erase them.
 */
export class LiveDisplay implements DeferredDisplay {
  readonly everyMs = 250;
  readonly #color: boolean;
  readonly #history = new History();
  readonly #region = new TerminalRegion();
  /** Without prefix and line feed. At most {@linkcode MAX_NOTICES}. */
  #notices: string[] = [];
  #isDrawn = false;

  constructor({ color }: { color: boolean }) {
    this.#color = color;
  }

  watch({ snapshot, ms }: DisplayState): void {
    this.#history.update(snapshot, ms);
  }

  show(moment: DisplayState): string {
    const lines = this.#frame(moment);
    while (lines.length < moment.size.rows - 1) lines.push("");
    this.#isDrawn = true;
    return this.#region.paint(lines, moment.size);
  }

  #frame(moment: DisplayState): string[] {
    this.watch(moment);
    const scene = { ...moment, points: this.#history.points, notices: this.#notices };
    return formatFrame(scene, moment.size, { color: this.#color });
  }

  note(lines: string): void {
    const notices = lines.trimEnd().split("\n").map((line) => line.replace(/^myriad: /, ""));
    this.#notices = [...this.#notices, ...notices].slice(-MAX_NOTICES);
  }

  say(lines: string, size: Size): string {
    this.note(lines);
    return this.#region.above(lines, size);
  }

  /** Shows the last state without empty lines at its end, and leaves it there. */
  end(moment: DisplayState | undefined): string {
    if (!this.#isDrawn) return "";
    this.#isDrawn = false;
    const last = moment === undefined
      ? this.#region.shrink()
      : `${this.#region.paint(this.#frame(moment), moment.size)}\r\n`;
    this.#region.forget();
    return last;
  }

  forget(): void {
    this.#region.forget();
  }
}
