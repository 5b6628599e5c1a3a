import { formatBar } from "./bar.ts";
import type { Display, DisplayState } from "./display.ts";

/** A bar that is drawn in place, in one line. */
export class BarDisplay implements Display {
  readonly everyMs = 100;
  readonly #color: boolean;
  #isDrawn = false;

  constructor({ color }: { color: boolean }) {
    this.#color = color;
  }

  show({ snapshot, rate, limit, size: { columns } }: DisplayState): string {
    this.#isDrawn = true;
    // The rest of the line is erased after the text: to erase the line first would flicker.
    return `\r${formatBar(snapshot, rate, { columns, limit, color: this.#color })}\x1b[K`;
  }

  say(lines: string): string {
    return `${this.end()}${lines}`;
  }

  /** Erases the bar. */
  end(): string {
    if (!this.#isDrawn) return "";
    this.#isDrawn = false;
    return "\r\x1b[K";
  }

  forget(): void {}
}
