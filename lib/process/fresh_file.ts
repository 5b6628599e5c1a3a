/** How a {@linkcode openFreshFile} is opened. */
export interface FreshFileOptions {
  /** Its permissions, from which the umask takes. @default 0o666 */
  readonly mode?: number | undefined;
}

/**
 * Makes a file whose name the user did not choose, in place of what has its name: a file that a run
 * left behind, or a link that another user of a shared folder laid there. A link is never followed.
 *
 * @throws {Error} If what is there is a folder or cannot be removed, or the file cannot be made.
 */
export function openFreshFile(path: string, { mode }: FreshFileOptions = {}): Deno.FsFile {
  const options = { write: true, createNew: true, mode };
  try {
    return Deno.openSync(path, options);
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    // An empty folder could be removed, too.
    if (Deno.lstatSync(path).isDirectory) throw error;
    Deno.removeSync(path);
    return Deno.openSync(path, options);
  }
}

/** The permissions of a file, for the one that is to replace it; undefined where it has none. */
export async function readMode(path: string): Promise<number | undefined> {
  const { mode } = await Deno.stat(path);
  return mode === null ? undefined : mode & 0o777;
}
