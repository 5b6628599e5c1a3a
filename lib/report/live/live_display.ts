import type { Display, Moment, Size } from "../display.ts";
import { formatFrame } from "./frame.ts";
import { History } from "./history.ts";
import { Painter } from "./painter.ts";

/** A region of the terminal that is redrawn in place; its last state stays. */
export class LiveDisplay implements Display {
  readonly everyMs = 200;
  readonly #color: boolean;
  readonly #history = new History();
  readonly #painter = new Painter();
  #isDrawn = false;

  constructor({ color }: { color: boolean }) {
    this.#color = color;
  }

  /** Notes a moment that it does not show. */
  watch({ snapshot, ms }: Moment): void {
    this.#history.update(snapshot, ms);
  }

  show(moment: Moment): string {
    this.watch(moment);
    this.#isDrawn = true;
    const points = this.#history.points;
    const lines = formatFrame({ ...moment, points }, moment.size, { color: this.#color });
    return this.#painter.paint(lines, moment.size);
  }

  say(lines: string, size: Size): string {
    return this.#painter.above(lines, size);
  }

  /** Shows the last state, and leaves it there. */
  end(moment: Moment | undefined): string {
    if (!this.#isDrawn) return "";
    // The cursor is on a line of its own; all there can be is the echo of Ctrl-C.
    const last = moment === undefined ? "\r\x1b[K" : `${this.show(moment)}\r\x1b[K\n`;
    this.#isDrawn = false;
    this.#painter.forget();
    return last;
  }

  forget(): void {
    this.#painter.forget();
  }
}
