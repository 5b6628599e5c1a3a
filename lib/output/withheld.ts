/** What a user is told whose credentials are left out. @param path of the file */
export function describeWithheld(path: string): string {
  return `credentials of requests are left out of '--failures ${path}', so that they cannot be ` +
    "made again from it alone: --failures-with-secrets keeps them, in a file that only you can read";
}
