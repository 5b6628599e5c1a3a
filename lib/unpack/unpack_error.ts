/** Compressed data that is damaged, cut short, or followed by other data; the message says how to fix it. */
export class UnpackError extends Error {
  override name = "UnpackError";
  /** Whether its data was given to the end, so that a last line without its end is a line. */
  readonly isDataWhole: boolean;

  constructor(message: string, isDataWhole = false) {
    super(message);
    this.isDataWhole = isDataWhole;
  }
}
