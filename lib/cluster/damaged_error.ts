import { OutputError } from "../errors.ts";

/** What the bus keeps of the run is not what was stored there. */
export class DamagedError extends OutputError {
  override name = "DamagedError";
}

/** It was sealed with another key, or for another place. */
export class SealError extends DamagedError {
  override name = "SealError";
}
