import { assertEquals } from "@std/assert";
import { describeOsError, describeWriteError } from "../../lib/process/os_error.ts";
import { folder } from "../fixtures/folder.ts";

Deno.test("describeOsError() leaves out the number, and the path after it", () => {
  const error = new Error("Is a directory (os error 21): open '/secret/\nplace'");
  assertEquals(describeOsError(error), "Is a directory");
  assertEquals(describeOsError(new Error("it broke")), "it broke");
  assertEquals(describeOsError("a text"), "a text");
  // What Deno 2.9 says of `-o /dev/stdout`, whose fix gives up the sandbox.
  const all = 'Requires all access to "/dev/stdout", run again with the --allow-all flag';
  assertEquals(
    describeOsError(new Deno.errors.NotCapable(all)),
    "Deno opens such a file only with --allow-all, and '-' is standard input or output",
  );
});

Deno.test("describeWriteError() says how to fix what the system says", async () => {
  await using dir = await folder();
  const why = async (path: string): Promise<string> => {
    try {
      await Deno.writeTextFile(path, "");
      return "it was written";
    } catch (error) {
      return describeWriteError(error);
    }
  };
  assertEquals(await why(dir.path("missing/file")), "no such folder: make it first");
  assertEquals(await why(dir.path()), "it is a folder: use the name of a file");
  const full = new Error("No space left on device (os error 28)");
  assertEquals(describeWriteError(full), "no space left on device: free some");
  const failed = new Error("Input/output error (os error 5): rename 'a' -> 'b'");
  assertEquals(
    describeWriteError(failed),
    "the disk has failed (input/output error): check it, or use another",
  );
  const readOnly = new Error("Read-only file system (os error 30)");
  assertEquals(describeWriteError(readOnly), "its file system is read-only: use another");
  const quota = new Error("Disk quota exceeded (os error 122)");
  assertEquals(describeWriteError(quota), "your quota of the disk is used up: free some");
  const denied = new Deno.errors.PermissionDenied("Permission denied (os error 13)");
  assertEquals(describeWriteError(denied), "permission denied: choose another");
  assertEquals(describeWriteError(new Error("Broken pipe (os error 32)")), "Broken pipe");
});
