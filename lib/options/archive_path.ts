/** Whether a path is that of a web archive, by its ending. */
export function isArchivePath(path: string): boolean {
  return /\.warc(?:\.gz)?$/i.test(path);
}
