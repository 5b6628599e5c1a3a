import { UsageError } from "../errors.ts";
import { Input } from "./input.ts";
import { isRemote } from "./remote_path.ts";

/**
 * Opens an input of a run: a file, standard input, or a URL.
 *
 * @param name the argument that names it, for messages
 * @throws {UsageError} If it cannot be read.
 */
export async function openInput(path: string, name: string): Promise<Input> {
  if (!isRemote(path)) return await Input.open(path, name);
  const { RemoteFile } = await import("./remote_file.ts");
  const file = await RemoteFile.open(path, (why) => {
    throw new UsageError(`Cannot read '${name}': ${why}`);
  });
  return Input.ofRemote(path, name, file);
}
