/**
 * What a run takes of answers besides their results: cookies, bodies, what they are held against
 * and what is captured of them.
 *
 * @module
 */
import type { ResponseCheck } from "../check/response_check.ts";
import type { JarFile } from "../cookies/jar_file.ts";
import type { EngineOptions } from "../engine/options.ts";
import type { RunOptions } from "../options/run_options.ts";
import type { Bodies } from "../output/bodies/bodies.ts";
import type { Result } from "../result.ts";
import { INPUT_FORMATS } from "../source/formats.ts";

/** What is asked for of it. None of it is loaded where nobody asks. */
export class Answers {
  readonly #jar: JarFile | undefined;
  readonly #bodies: Bodies | undefined;
  readonly #check: ResponseCheck | undefined;

  /**
   * @param isResumed whether a run is gone on with
   * @param isComplete whether nothing is left to be requested
   * @throws {UsageError} If what is asked for cannot be read or written.
   */
  static async open(
    { cookieJar, saveBodies, overwrite, expect, captures, input }: RunOptions,
    { isResumed, isComplete }: { isResumed: boolean; isComplete: boolean },
  ): Promise<Answers> {
    let jar;
    if (cookieJar !== undefined) {
      const { JarFile } = await import("../cookies/jar_file.ts");
      jar = await JarFile.open(cookieJar.path);
    }
    let bodies;
    if (saveBodies !== undefined && !isComplete) {
      const { Bodies } = await import("../output/bodies/bodies.ts");
      bodies = await Bodies.open(saveBodies, { isResumed, overwrite });
    }
    const ofTargets = input !== undefined && INPUT_FORMATS[input.format].hasOwnExpectations;
    const isChecked = ofTargets || captures.length > 0 ||
      Object.values(expect).some((it) => it !== undefined);
    const { ResponseCheck } = isChecked ? await import("../check/response_check.ts") : {};
    return new Answers(
      jar,
      bodies,
      ResponseCheck && new ResponseCheck({ expect, captures, ofTargets }),
    );
  }

  private constructor(
    jar: JarFile | undefined,
    bodies: Bodies | undefined,
    check: ResponseCheck | undefined,
  ) {
    this.#check = check;
    this.#jar = jar;
    this.#bodies = bodies;
  }

  /** What the engine is to do for it. */
  get hooks(): Pick<EngineOptions, "cookies" | "onHead" | "bodyFor"> {
    const bodies = this.#bodies;
    return {
      cookies: this.#jar?.jar,
      onHead: this.#check?.onHead,
      bodyFor: bodies === undefined ? undefined : (target, head) => bodies.bodyFor(target, head),
    };
  }

  /** Holds what came of an attempt against what was expected of it. */
  judge(result: Result): Result {
    return this.#check === undefined ? result : this.#check.take(result);
  }

  /**
   * Adds to a result the file of its body.
   *
   * @throws {OutputError} If a file cannot be removed that is not to stay.
   */
  take(result: Result): Result {
    return this.#bodies === undefined ? result : this.#bodies.take(result);
  }

  /** Lets go of everything where the run cannot begin. */
  abandon(): void {
    this.#bodies?.abandon();
  }

  /**
   * Ends it, and keeps what is to be kept.
   *
   * @throws {OutputError} If the jar cannot be written.
   */
  async close(): Promise<void> {
    this.#bodies?.close();
    await this.#jar?.save();
  }
}
