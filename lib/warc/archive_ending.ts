/** How the path of a web archive ends. */
export const ARCHIVE_ENDING = /\.warc(?:\.gz)?$/i;
