/**
 * Whether a run is new, or resumes the run of a journal.
 *
 * @module
 */
import type { Output } from "../output/output.ts";
import { describeWriteError } from "../process/os_error.ts";
import { Stats } from "../stats/stats.ts";
import { createClusterState } from "./cluster_state.ts";
import { describeDifference, findRetryUse, toIdentity, toInputState } from "./identity.ts";
import { type Identity, JournalError, type JournalState } from "./journal.ts";
import type { JournalStore } from "./journal_store.ts";
import { isResuming, refuseOutput, type ResumeOptions, START_OVER } from "./resume_options.ts";

/** What a run begins with. */
export interface Found {
  /** Undefined where the output is not a file that a journal could stand beside. */
  readonly state: JournalState | undefined;
  /** Whether there is a run to resume. */
  readonly isResumed: boolean;
  /** The name of a run that may still be on a bus, and that this one does not resume there. */
  readonly leftRun?: string | undefined;
  /** Whether a retry is to judge the records by statuses that the run did not expect. */
  readonly isJudgedAgain: boolean;
  /** What the journal had that this command changes; undefined without one. */
  readonly changed?: Partial<JournalState> | undefined;
}

/** The outputs as they were found. */
export interface FoundOutputs {
  /** Whether the output of the records was not there before. */
  readonly isNew: boolean;
  /** Its size in bytes. */
  readonly size: number;
  readonly output: Output;
  readonly failures: Output | undefined;
  readonly journal: JournalStore;
}

/**
 * What a run begins with: a new journal, or the journal of the run that it resumes.
 *
 * @throws {UsageError} If the outputs hold something that the user does not want to resume, or that
 * this command cannot resume.
 */
export async function findState(
  options: ResumeOptions,
  { isNew, size, output, failures, journal }: FoundOutputs,
): Promise<Found> {
  const fail = (why: string): never => refuseOutput(options, why);
  const { resume, overwrite, retryFailed } = options;
  const goesOn = isResuming(options);
  if (!goesOn && !overwrite) {
    const goOn = `use --resume to go on with it, or ${START_OVER}`;
    if (size > 0) fail(`it holds ${size} bytes already: ${goOn}`);
    // Parts of an earlier run can be there without its first file.
    if (await output.reaches(1)) fail(`records of an earlier run are beside it: ${goOn}`);
  }
  const old = !goesOn || isNew ? undefined : await readOldJournal(options, journal);
  if (old === undefined) {
    if (retryFailed) fail("there is no run to retry: leave --retry-failed out");
    if (goesOn && size > 0) {
      fail(`there is no ${journal.description} ${journal.place}: ${START_OVER}`);
    }
    return { state: await createState(options), isResumed: false, isJudgedAgain: false };
  }
  const identity = await toIdentity(options, old.salt);
  const { isJudgedAgain, hasNewFailures } = checkIdentity(options, old, identity);
  if (isJudgedAgain && old.stats.warmUp !== undefined) {
    fail(
      "its records do not tell which of them are of the warm-up, as other " +
        "expectations would need: use those of the run",
    );
  }
  if (old.retry !== null && !retryFailed) {
    fail("a retry of it was interrupted: use --retry-failed to go on with that");
  }
  const input = await toInputState(options);
  const isSame = JSON.stringify(input) === JSON.stringify(old.input);
  if (!isSame && resume !== "force") {
    fail("the input has changed since: use --resume=force to go on all the same");
  }
  const { fields } = options.output;
  if (retryFailed && fields?.includes("error") === false && old.stats.errors.expect !== undefined) {
    fail(`its records have no field 'error', which tells what was not as expected: ${START_OVER}`);
  }
  // An output that is still to be replaced is as long as it was.
  if (!old.retry?.replacing && !await output.reaches(old.output)) {
    fail(`it has ${size} bytes, and its journal says that it had more: ${START_OVER}`);
  }
  if (failures !== undefined && !hasNewFailures && !await failures.reaches(old.failures ?? 0)) {
    fail(`'--failures ${options.failures}' is shorter than its journal says: ${START_OVER}`);
  }
  const cluster = findCluster(options, old);
  const leftRun = old.complete || cluster?.run === old.cluster?.run ? undefined : old.cluster?.run;
  const ofFailures = hasNewFailures ? { failures: failures === undefined ? null : 0 } : {};
  const state = { ...old, identity, input, cluster, ...ofFailures };
  const changed = {
    identity: old.identity,
    input: old.input,
    cluster: old.cluster,
    ...hasNewFailures ? { failures: old.failures } : {},
  };
  return { state, isResumed: true, isJudgedAgain, leftRun, changed };
}

/** A retry is a run of its own on the bus: slices of the run before hold other requests. */
function findCluster(
  { cluster, runName, retryFailed }: ResumeOptions,
  old: JournalState,
): JournalState["cluster"] {
  if (old.complete && !retryFailed) return old.cluster;
  if (cluster === undefined) return null;
  const isNewRetry = retryFailed && old.retry === null;
  const state = isNewRetry || old.cluster === null ? createClusterState(runName) : old.cluster;
  return { ...state, run: runName ?? state.run };
}

/** What differs in a command that begins a retry. */
interface RetryDifferences {
  /** Whether the records are to be judged by other expectations. */
  readonly isJudgedAgain: boolean;
  /** Whether the failures go to another file, or hold something else. */
  readonly hasNewFailures: boolean;
}

/**
 * Checks that a journal is of this command.
 *
 * @returns what differs and a retry may change
 */
function checkIdentity(
  options: ResumeOptions,
  old: JournalState,
  identity: Identity,
): RetryDifferences {
  // A journal of an earlier version does not have all flags.
  const differing = Object.keys(identity)
    .filter((flag) => (old.identity[flag] ?? null) !== identity[flag]);
  const uses = differing.map(findRetryUse);
  const isOfRetry = uses.every((use) => use !== undefined);
  if (differing.length === 0 || isOfRetry && options.retryFailed && old.retry === null) {
    return { isJudgedAgain: uses.includes("judged"), hasNewFailures: uses.includes("failures") };
  }
  const other = differing[Math.max(0, uses.indexOf(undefined))];
  const difference = describeDifference(other, old.identity[other] ?? null, identity[other]);
  const fix = !isOfRetry
    ? "use the same one"
    : options.retryFailed
    ? "end the retry that was interrupted with the same one first"
    : findRetryUse(other) === "judged"
    ? "use the same one, --retry-failed to make again what has failed by this one"
    : "use the same one";
  return refuseOutput(
    options,
    `the journal belongs to another command: ${difference}: ${fix}, or ${START_OVER}`,
  );
}

async function readOldJournal(
  options: ResumeOptions,
  journal: JournalStore,
): Promise<JournalState | undefined> {
  try {
    return await journal.read();
  } catch (error) {
    const why = error instanceof JournalError ? error.message : describeWriteError(error);
    return refuseOutput(
      options,
      `its ${journal.description} cannot be used: ${why}: ${START_OVER}`,
    );
  }
}

async function createState(options: ResumeOptions): Promise<JournalState> {
  const salt = crypto.getRandomValues(new Uint8Array(16)).toHex();
  return {
    identity: await toIdentity(options, salt),
    salt,
    input: await toInputState(options),
    crEndsLines: true,
    complete: false,
    cluster: options.cluster === undefined ? null : createClusterState(options.runName),
    retry: null,
    done: { low: 0, above: "" },
    output: 0,
    failures: options.failures === undefined ? null : 0,
    archive: options.archive === undefined ? null : 0,
    log: null,
    stats: new Stats().toJSON(),
    seconds: 0,
    cpuSeconds: 0,
    peakRssKb: 0,
    shortages: {},
  };
}
