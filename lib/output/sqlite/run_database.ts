import type { DatabaseSync, StatementSync } from "node:sqlite";
import { UsageError } from "../../errors.ts";
import { describeWriteError } from "../../process/os_error.ts";
import { openConnection } from "./open_connection.ts";
import { describeSqliteError, isLockedError } from "./sqlite_error.ts";

/** `myrd`, by which a database is known to be of a run (https://sqlite.org/pragma.html). */
const APPLICATION_ID = 0x6d797264;
/** The version of the tables. */
const USER_VERSION = 1;

/** The journal holds URLs, whatever `--fields` says, and only its owner may read it. */
const OWNER_ONLY = 0o600;

/** Milliseconds between two attempts to get the lock. */
const RETRY_MS = 20;
/** Attempts in about a second: the process of a run that was killed a moment ago can still have it. */
const MAX_ATTEMPTS = 50;
/**
 * Milliseconds that a transaction waits for its lock, and with it this process: another program can
 * take it in the instant between two of them.
 */
const LOCK_WAIT_MS = 10_000;

/**
 * The database of a run: a connection that always has a transaction open, and so the lock against
 * other writers. Others can read it all the time, since it has a write-ahead log while it is written.
 *
 * ```text
 * open()  BEGIN   …   commit()  COMMIT, BEGIN   …   commit()  COMMIT, BEGIN   …   close()  ROLLBACK
 * ```
 *
 * Nothing else in this process may open its file while it is open: POSIX locks of a process on a file
 * go when any descriptor of that file is closed.
 */
export class RunDatabase {
  readonly #path: string;
  readonly #name: string;
  #connection: DatabaseSync;
  readonly #isSynced: boolean;
  /** Whether it has a write-ahead log, or cannot have one. */
  #isLogging = false;
  /** Whether its file was not there before. */
  readonly isNew: boolean;
  /** The size of its file as it was found, in bytes. */
  readonly size: number;

  /**
   * Opens a database and takes its lock. It changes nothing, except that it makes an empty file if
   * it is missing.
   *
   * @param name the flag and its value, for messages
   * @param isSynced whether a commit waits for the disk
   * @throws {UsageError} If it is not a database of a run, or another program writes it.
   */
  static async open(path: string, name: string, isSynced = true): Promise<RunDatabase> {
    const { isNew, size } = await makeFile(path, name);
    const connection = connect(path, name, isSynced);
    const fail = (error: unknown): never => {
      connection.close();
      throw new UsageError(`Cannot write '${name}': ${describeSqliteError(error)}`);
    };
    // Whoever has the lock of a file that this process has just made goes on with it.
    await lock(connection).catch(fail);
    try {
      checkOwner(connection);
    } catch (error) {
      fail(error);
    }
    return new RunDatabase(connection, { path, name, isNew, size, isSynced });
  }

  private constructor(
    connection: DatabaseSync,
    { path, name, isNew, size, isSynced }: Pick<RunDatabase, "isNew" | "size"> & {
      readonly path: string;
      readonly name: string;
      readonly isSynced: boolean;
    },
  ) {
    this.#connection = connection;
    this.#path = path;
    this.#name = name;
    this.#isSynced = isSynced;
    this.isNew = isNew;
    this.size = size;
  }

  /** Whether it has the tables of a run. */
  get hasTables(): boolean {
    return countObjects(this.#connection) > 0;
  }

  prepare(sql: string): StatementSync {
    return this.#connection.prepare(sql);
  }

  /** Runs statements within the transaction. */
  execute(sql: string): void {
    this.#connection.exec(sql);
  }

  /** Empties the file. @throws {UsageError} If another program has it open. */
  async empty(): Promise<void> {
    const connection = this.#connection;
    connection.exec("ROLLBACK");
    // It succeeds only where no other connection is left that could write its log into the file.
    if (!setJournalMode(connection, "delete")) {
      throw new UsageError(
        `Cannot write '${this.#name}': another program has it open: close it there`,
      );
    }
    connection.close();
    await Deno.truncate(this.#path);
    this.#connection = connect(this.#path, this.#name, this.#isSynced);
    this.#connection.exec("BEGIN IMMEDIATE");
  }

  /** Marks the file as that of a run. */
  mark(): void {
    this.#connection.exec(
      `PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${USER_VERSION}`,
    );
  }

  /** Brings the transaction to the disk, and begins the next one. */
  commit(): void {
    const connection = this.#connection;
    connection.exec("COMMIT");
    if (!this.#isLogging) {
      // The first commit is one without the log: so the file itself has the tables.
      setJournalMode(connection, "wal");
      connection.exec(`PRAGMA busy_timeout = ${LOCK_WAIT_MS}`);
      this.#isLogging = true;
    }
    connection.exec("BEGIN IMMEDIATE");
  }

  /** Puts all that is committed into the one file, unless another program reads it just now. */
  gather(): void {
    const connection = this.#connection;
    connection.exec("ROLLBACK; PRAGMA busy_timeout = 0");
    setJournalMode(connection, "delete");
  }

  /** Closes it; what is not committed is gone. */
  close(): void {
    this.#connection.close();
  }
}

/** Makes an empty file if it is missing. */
async function makeFile(path: string, name: string): Promise<{ isNew: boolean; size: number }> {
  try {
    const options = { write: true, createNew: true, mode: OWNER_ONLY };
    const file = await Deno.open(path, options).catch((error) => {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    });
    file?.close();
    const { isFile, isDirectory, size } = await Deno.stat(path);
    if (isFile) return { isNew: file !== undefined, size };
    throw new Error(
      isDirectory ? "it is a folder: use the name of a file" : "it is not a file: use a file",
    );
  } catch (error) {
    throw new UsageError(`Cannot write '${name}': ${describeWriteError(error)}`);
  }
}

function connect(path: string, name: string, isSynced: boolean): DatabaseSync {
  try {
    const connection = openConnection(path);
    if (!isSynced) connection.exec("PRAGMA synchronous = OFF");
    return connection;
  } catch (error) {
    throw new UsageError(`Cannot write '${name}': ${describeSqliteError(error)}`);
  }
}

/** Begins a transaction that may write. */
async function lock(connection: DatabaseSync): Promise<void> {
  for (let attempts = 1;; attempts++) {
    try {
      return connection.exec("BEGIN IMMEDIATE");
    } catch (error) {
      if (!isLockedError(error) || attempts === MAX_ATTEMPTS) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

/** Throws unless the database is that of a run, or empty. */
function checkOwner(connection: DatabaseSync): void {
  const id = readPragma(connection, "application_id");
  if (id !== APPLICATION_ID && (id !== 0 || countObjects(connection) > 0)) {
    throw new Error("it is a database of another program: use another name");
  }
  if (Number(readPragma(connection, "user_version")) > USER_VERSION && id === APPLICATION_ID) {
    throw new Error("it is of another version of myriad: use another name");
  }
}

function readPragma(connection: DatabaseSync, name: string): unknown {
  return connection.prepare(`PRAGMA ${name}`).get()?.[name];
}

function countObjects(connection: DatabaseSync): number {
  return Number(connection.prepare("SELECT count(*) AS n FROM sqlite_schema").get()?.n);
}

/** @returns whether the mode is that now */
function setJournalMode(connection: DatabaseSync, mode: "wal" | "delete"): boolean {
  try {
    return connection.prepare(`PRAGMA journal_mode = ${mode}`).get()?.journal_mode === mode;
  } catch (error) {
    if (isLockedError(error)) return false;
    throw error;
  }
}
