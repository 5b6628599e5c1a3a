import { formatBar } from "./bar.ts";
import type { Display, Moment } from "./display.ts";

/** A bar, drawn again and again in one line. */
export class BarDisplay implements Display {
  readonly everyMs = 100;
  readonly #color: boolean;
  #isDrawn = false;

  constructor({ color }: { color: boolean }) {
    this.#color = color;
  }

  show({ snapshot, rate, limit, size: { columns } }: Moment): string {
    this.#isDrawn = true;
    // Erased from there to the end of the line, not before: that would flicker.
    return `\r${formatBar(snapshot, rate, { columns, limit, color: this.#color })}\x1b[K`;
  }

  say(lines: string): string {
    return `${this.end()}${lines}`;
  }

  /** Takes the bar away. */
  end(): string {
    if (!this.#isDrawn) return "";
    this.#isDrawn = false;
    return "\r\x1b[K";
  }

  forget(): void {}
}
