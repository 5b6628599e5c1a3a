import { runCommand } from "./meter.ts";
import { ROOT } from "./root.ts";

/** Another commit of this project, checked out into a temporary folder as long as it is in scope. */
export class GitWorktree implements AsyncDisposable {
  /** Its folder, without a slash at the end. */
  readonly folder: string;
  readonly #parent: string;

  /**
   * @param commit any name that git has for one
   * @throws {Error} If there is no git, or no such commit.
   */
  static async open(commit: string): Promise<GitWorktree> {
    const worktree = new GitWorktree(await Deno.makeTempDir({ prefix: "myriad_bench_" }));
    try {
      await git("worktree", "add", "--quiet", "--detach", worktree.folder, commit);
    } catch (error) {
      await Deno.remove(worktree.#parent, { recursive: true });
      throw error;
    }
    return worktree;
  }

  private constructor(parent: string) {
    this.#parent = parent;
    this.folder = `${parent}/base`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await git("worktree", "remove", "--force", this.folder);
    await Deno.remove(this.#parent, { recursive: true });
  }
}

/** The hash and the first line of the message of what is checked out in a folder. */
export async function describeCommit(folder = ROOT): Promise<string> {
  const [commit, changes] = [
    await git("-C", folder, "log", "-1", "--format=%h %s"),
    await git("-C", folder, "status", "--porcelain"),
  ];
  return `${commit.trim()}${changes === "" ? "" : ", with changes that are not committed"}`;
}

async function git(...args: string[]): Promise<string> {
  const output = await runCommand(["git", "-C", ROOT, ...args]);
  if (output === undefined) throw new Error("Cannot run 'git': install git");
  if (output.code !== 0) throw new Error(`git ${args[0]} failed: ${output.stderr.trim()}`);
  return output.stdout;
}
