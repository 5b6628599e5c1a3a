import { dirname } from "node:path";
import type { ReservedDescriptors } from "../../process/reserved_descriptors.ts";
import { syncFileSync, syncFolderSync } from "../../process/sync.ts";

/** How many numbers share a folder. */
export const BODIES_PER_FOLDER = 1_000;

/** A folder of at most 1,000 bodies: which of its numbers has which file. */
export class BodyFolder {
  readonly #path: string;
  readonly #run: string;
  readonly #spare: ReservedDescriptors;
  readonly #isSynced: boolean;
  /** The names of files that are there; at most `BODIES_PER_FOLDER`. */
  readonly #names = new Map<number, string>();

  /**
   * Makes a folder, or looks at what is in it, and removes parts that a killed run left behind.
   * Several threads of a run may have it open, each for numbers of its own.
   *
   * @param run names the run, in digits of hexadecimal: its parts stay
   * @param spare for when no file can be opened
   * @param isSynced whether a body is on the disk before it has its name
   * @throws {Error} If it cannot be made, or is not a folder: a link leads somewhere else.
   */
  static open(
    path: string,
    { run, spare, isSynced }: {
      readonly run: string;
      readonly spare: ReservedDescriptors;
      readonly isSynced: boolean;
    },
  ): BodyFolder {
    const folder = new BodyFolder(path, run, spare, isSynced);
    try {
      Deno.mkdirSync(path);
      folder.#syncFolder(dirname(path));
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
      folder.#look();
    }
    return folder;
  }

  private constructor(path: string, run: string, spare: ReservedDescriptors, isSynced: boolean) {
    this.#path = path;
    this.#run = run;
    this.#spare = spare;
    this.#isSynced = isSynced;
  }

  #look(): void {
    if (!Deno.lstatSync(this.#path).isDirectory) throw new Error(`'${this.#path}' is not a folder`);
    const entries = this.#spare.use(() => [...Deno.readDirSync(this.#path)]);
    for (const { name, isDirectory } of entries) {
      if (isDirectory) continue;
      // Parts of earlier versions name no run.
      const part = /^\.\d+(?:\.([\da-f]+))?\.part$/.exec(name);
      if (part !== null) {
        if (part[1] !== this.#run) removeFile(`${this.#path}/${name}`);
        continue;
      }
      const whole = /^(\d+)(?:\.[a-z0-9]+)?$/.exec(name);
      if (whole !== null) this.#names.set(Number(whole[1]), name);
    }
  }

  /** Where a body is written until it is complete. */
  #part(i: number): string {
    return `${this.#path}/.${i}.${this.#run}.part`;
  }

  /** Writes the first bytes of a body. */
  begin(i: number, bytes: Uint8Array): void {
    try {
      this.#write(i, bytes, { createNew: true });
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
      // Left behind by an earlier attempt; or a link, which is not to be followed.
      this.discard(i);
      this.#write(i, bytes, { createNew: true });
    }
  }

  /** Writes more bytes of a body. */
  append(i: number, bytes: Uint8Array): void {
    this.#write(i, bytes, { append: true, create: false });
  }

  #write(i: number, bytes: Uint8Array, options: Deno.WriteFileOptions): void {
    this.#spare.use(() => Deno.writeFileSync(this.#part(i), bytes, options));
  }

  /**
   * Gives a complete body its name, and removes what the number had before.
   *
   * @param ending with its dot, or empty
   * @returns the name
   */
  put(i: number, ending: string): string {
    const name = `${i}${ending}`;
    // First remove, then rename, so that there never are two.
    if (this.#names.get(i) !== name) this.remove(i);
    if (this.#isSynced) syncFileSync(this.#part(i), this.#spare);
    Deno.renameSync(this.#part(i), `${this.#path}/${name}`);
    this.#syncFolder(this.#path);
    this.#names.set(i, name);
    return name;
  }

  /** Brings to the disk which files a folder has, if that is waited for. */
  #syncFolder(path: string): void {
    if (this.#isSynced) syncFolderSync(path, this.#spare);
  }

  /** Removes what a number has, if anything. */
  remove(i: number): void {
    const name = this.#names.get(i);
    if (name === undefined) return;
    this.#names.delete(i);
    removeFile(`${this.#path}/${name}`);
  }

  /** Removes the part of a body that is not kept. */
  discard(i: number): void {
    removeFile(this.#part(i));
  }
}

/** Removes a file, unless it is gone already. */
function removeFile(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
