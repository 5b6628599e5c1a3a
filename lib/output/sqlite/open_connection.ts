import { DatabaseSync, type DatabaseSyncOptions } from "node:sqlite";

/** What SQLite takes for something else than the name of a file: `:memory:`, and URIs. */
const SPECIAL = /^(?::|file:)/i;

/** Opens the database in a file, whatever its name is. */
export function openConnection(path: string, options: DatabaseSyncOptions = {}): DatabaseSync {
  return new DatabaseSync(toFileName(path), options);
}

/** The name by which SQLite takes a path for that of a file. */
export function toFileName(path: string): string {
  return SPECIAL.test(path) ? `./${path}` : path;
}
