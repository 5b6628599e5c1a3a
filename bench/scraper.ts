import { freePort } from "./port.ts";

/** A place for metrics, and what scrapes them from there once a second, as Prometheus would. */
export class Scraper implements Disposable {
  readonly place: string;
  /** Scrapes that were answered. */
  scrapes = 0;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor() {
    this.place = `127.0.0.1:${freePort()}`;
    this.#timer = setInterval(() => void this.#scrape(), 1_000);
  }

  async #scrape(): Promise<void> {
    try {
      const response = await fetch(`http://${this.place}/metrics`);
      await response.text();
      if (response.ok) this.scrapes++;
    } catch {
      // The run has not begun, or is over.
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
