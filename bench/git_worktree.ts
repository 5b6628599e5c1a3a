import { runCommand } from "./meter.ts";
import { ROOT } from "./root.ts";

/** A commit, checked out into a temporary folder that is removed at the end of its scope. */
export class GitWorktree implements AsyncDisposable {
  /** Its folder, without a slash at the end. */
  readonly folder: string;
  readonly #parent: string;
  readonly #repository: string;

  /**
   * Checks a commit out.
   *
   * @param commit a hash, a branch or a tag
   * @param repository a folder of the repository that has the commit
   * @throws {Error} If git is not installed or does not know the commit.
   */
  static async open(commit: string, repository = ROOT): Promise<GitWorktree> {
    const parent = await Deno.makeTempDir({ prefix: "myriad_bench_" });
    const worktree = new GitWorktree(parent, repository);
    try {
      await git(repository, "worktree", "add", "--quiet", "--detach", worktree.folder, commit);
    } catch (error) {
      await Deno.remove(parent, { recursive: true });
      throw error;
    }
    return worktree;
  }

  private constructor(parent: string, repository: string) {
    this.#parent = parent;
    this.#repository = repository;
    this.folder = `${parent}/base`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await git(this.#repository, "worktree", "remove", "--force", this.folder);
    await Deno.remove(this.#parent, { recursive: true });
  }
}

/** Whether git knows a commit by this name. */
export async function isCommit(name: string): Promise<boolean> {
  const args = ["-C", ROOT, "rev-parse", "--quiet", "--verify", "--end-of-options"];
  return (await runCommand(["git", ...args, `${name}^{commit}`]))?.code === 0;
}

/** The hash and the first line of the message of the commit that is checked out in a folder. */
export async function describeCommit(folder: string): Promise<string> {
  const commit = await git(folder, "log", "-1", "--format=%h %s");
  const changes = await git(folder, "status", "--porcelain");
  return `${commit.trim()}${changes === "" ? "" : ", with changes that are not committed"}`;
}

async function git(folder: string, ...args: string[]): Promise<string> {
  const output = await runCommand(["git", "-C", folder, ...args]);
  if (output === undefined) throw new Error("Cannot run 'git': install git");
  if (output.code !== 0) throw new Error(`git ${args[0]} failed: ${output.stderr.trim()}`);
  return output.stdout;
}
