/** So many bytes tell whose a file is. */
const BEGINNING_BYTES = 64;

/** A file that stands beside an output and belongs to it. */
export interface SideFileOptions {
  /**
   * How its content begins; what begins otherwise is of another program. Undefined where the run that
   * is resumed has made it: a machine that went down can have left anything in it.
   */
  readonly begins: RegExp | undefined;
  /** The permissions of the file, if it is made. */
  readonly mode?: number;
}

/**
 * Opens a file whose name the user did not choose, and changes nothing; it is made if it is missing.
 *
 * @throws {Error} If it cannot be opened, is a link, or is of another program.
 */
export async function openSideFile(
  path: string,
  { begins, mode }: SideFileOptions,
): Promise<{ file: Deno.FsFile; isNew: boolean }> {
  const refuse = (why: string): never => {
    throw new Error(`'${path}' ${why}: move it away, or use another name for the output`);
  };
  const info = await Deno.lstat(path).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  if (info === undefined) {
    const file = await Deno.open(path, { write: true, createNew: true, mode });
    return { file, isNew: true };
  }
  if (!info.isFile) refuse("is not a file");
  const file = await Deno.open(path, { read: true, write: true });
  try {
    // Between the two, it can have been replaced by a link.
    const { dev, ino } = await file.stat();
    if (dev !== info.dev || ino !== info.ino) refuse("is not a file");
    const start = new Uint8Array(BEGINNING_BYTES);
    const length = await file.read(start) ?? 0;
    const text = new TextDecoder("latin1").decode(start.subarray(0, length));
    // A machine that went down leaves zeros where it had not written yet.
    const isOwn = begins === undefined || /^\0*$/.test(text) || begins.test(text);
    if (!isOwn) refuse("is of another program");
    await file.seek(0, Deno.SeekMode.Start);
    return { file, isNew: false };
  } catch (error) {
    file.close();
    throw error;
  }
}
