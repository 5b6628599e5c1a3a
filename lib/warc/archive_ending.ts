/** How the path of a web archive ends. */
export const ARCHIVE_ENDING = /\.warc(?:\.gz)?$/i;

/** Whether a path is that of a file which a run makes for an archive: a further one, or its index. */
export function isDerivedFromArchive(archive: string, path: string): boolean {
  const [ending] = ARCHIVE_ENDING.exec(archive) ?? [];
  if (ending === undefined) return false;
  const stem = archive.slice(0, -ending.length);
  if (!path.startsWith(stem)) return false;
  const rest = path.slice(stem.length);
  return /^\.cdxj(?:\.myriad(?:\..*)?)?$/s.test(rest) ||
    rest.endsWith(ending) && /^-\d{5,}$/.test(rest.slice(0, -ending.length));
}
