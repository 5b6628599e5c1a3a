import type { Result } from "../../result.ts";
import { type ArchiveOptions, Archiver, type ArchiverThread } from "./archiver.ts";
import { formatMarkedPlace } from "./record_places.ts";

/** What packs the exchanges of a thread that does not write the archive itself. */
export class ArchiveThread extends Archiver {
  readonly #bodyFile: string;

  constructor(options: ArchiveOptions, thread: ArchiverThread) {
    super(options, thread);
    this.#bodyFile = formatMarkedPlace(options.path, thread.run);
  }

  /**
   * Packs the exchanges of a request, and adds to its result a mark for the place of its response.
   *
   * @param isMadeAgain whether a later run makes the request again
   * @throws {OutputError} If they cannot be packed.
   */
  complete(result: Result, isMadeAgain: boolean): Result {
    const hasResponse = this.add(result, isMadeAgain);
    return hasResponse ? { ...result, bodyFile: this.#bodyFile } : result;
  }
}
