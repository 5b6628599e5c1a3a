import { assertEquals, assertRejects } from "@std/assert";
import { describeCommit, GitWorktree } from "../../bench/git_worktree.ts";
import { runCommand } from "../../bench/meter.ts";
import { type Folder, folder } from "../fixtures/folder.ts";

const WITH_GIT = { ignore: await runCommand(["git", "--version"]) === undefined };

/** A folder that is a repository with one commit, of one file. */
async function repository(): Promise<Folder> {
  const dir = await folder();
  await dir.write("file.txt", "as committed");
  const identity = ["-c", "user.name=A", "-c", "user.email=a@localhost"];
  await git(dir.path("."), "init", "--quiet");
  await git(dir.path("."), "add", ".");
  await git(dir.path("."), ...identity, "commit", "--quiet", "-m", "The first");
  return dir;
}

async function git(folder: string, ...args: string[]): Promise<string> {
  const output = await runCommand(["git", "-C", folder, ...args]);
  assertEquals(output?.code, 0, output?.stderr);
  return output!.stdout;
}

Deno.test(
  "GitWorktree has the files of its commit, and leaves nothing behind",
  WITH_GIT,
  async () => {
    await using dir = await repository();
    await dir.write("file.txt", "changed since");
    let path;
    {
      await using worktree = await GitWorktree.open("HEAD", dir.path("."));
      path = worktree.folder;
      assertEquals(await Deno.readTextFile(`${path}/file.txt`), "as committed");
    }
    await assertRejects(() => Deno.stat(path), Deno.errors.NotFound);
    await assertRejects(() => Deno.stat(`${path}/..`), Deno.errors.NotFound);
    const worktrees = await git(dir.path("."), "worktree", "list");
    assertEquals(worktrees.trimEnd().split("\n").length, 1);
  },
);

Deno.test("GitWorktree.open() throws when there is no such commit", WITH_GIT, async () => {
  await using dir = await repository();
  await assertRejects(() => GitWorktree.open("nowhere", dir.path(".")), Error, "nowhere");
});

Deno.test("describeCommit() mentions uncommitted changes", WITH_GIT, async () => {
  await using dir = await repository();
  const commit = (await git(dir.path("."), "rev-parse", "--short", "HEAD")).trim();
  assertEquals(await describeCommit(dir.path(".")), `${commit} The first`);
  await dir.write("file.txt", "changed since");
  assertEquals(
    await describeCommit(dir.path(".")),
    `${commit} The first, with changes that are not committed`,
  );
});
