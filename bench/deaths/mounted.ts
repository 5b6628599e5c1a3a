import { runCommand } from "../meter.ts";

/**
 * Runs a program of the system.
 *
 * @throws {Error} If it fails, with what it says.
 */
export async function runTool(...command: string[]): Promise<void> {
  const output = await runCommand(command);
  if (output === undefined) throw new Error(`${command[0]} is not installed`);
  if (output.code !== 0) throw new Error(`${command.join(" ")}: ${output.stderr.trim()}`);
}

/** A file system on a folder, until it is let go of. */
export class Mounted implements AsyncDisposable {
  readonly #folder: string;

  /** @param words of `mount`, without the folder */
  static async mount(folder: string, ...words: string[]): Promise<Mounted> {
    await runTool("mount", ...words, folder);
    return new Mounted(folder);
  }

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** It is gone from the folder, also if somebody still has a file of it open. */
  async [Symbol.asyncDispose](): Promise<void> {
    await runTool("umount", this.#folder).catch(() => runTool("umount", "--lazy", this.#folder));
  }
}

/** Whether file systems can be mounted here, as only root can. */
export async function canMount(folder: string): Promise<boolean> {
  try {
    await using _mounted = await Mounted.mount(folder, "-t", "tmpfs", "-o", "size=64k", "tmpfs");
    return true;
  } catch {
    return false;
  }
}
