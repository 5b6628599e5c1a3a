/**
 * Writes the types of the library. `deno bundle --declaration` (Deno 2.9) leaves imports of files that
 * no package has, so that what they name is `any`.
 *
 * @module
 */
import { dirname } from "node:path";
import ts from "typescript";
import { ROOT } from "../write_texts.ts";

/** An import or re-export in a declaration file. */
const IMPORTED = /(?<=\bfrom ")(\.{1,2}\/[^"]+)\.ts(?=")/g;

/**
 * Writes a declaration file for a module, and for each one that its declarations name.
 *
 * @param module its path in the repository
 * @param folder gets the same folders as the repository
 * @throws {Error} If the type of something exported is not written down.
 */
export async function writeTypes(module: string, folder: string): Promise<void> {
  const seen = new Set([module]);
  for (const path of seen) {
    const text = declare(path, await Deno.readTextFile(new URL(path, ROOT)));
    for (const [specifier] of text.matchAll(IMPORTED)) {
      seen.add(new URL(specifier, `file:///${path}`).pathname.slice(1));
    }
    const output = `${folder}/${path.replace(/\.ts$/, ".d.mts")}`;
    await Deno.mkdir(dirname(output), { recursive: true });
    await Deno.writeTextFile(output, text.replaceAll(IMPORTED, "$1.mjs"));
  }
}

function declare(path: string, text: string): string {
  const { outputText, diagnostics = [] } = ts.transpileDeclaration(text, {
    fileName: path,
    reportDiagnostics: true,
    compilerOptions: {
      isolatedDeclarations: true,
      allowImportingTsExtensions: true,
      target: ts.ScriptTarget.ESNext,
      module: ts.ModuleKind.ESNext,
    },
  });
  if (diagnostics.length === 0) return outputText;
  const problems = diagnostics.map(({ messageText }) =>
    ts.flattenDiagnosticMessageText(messageText, "\n")
  );
  throw new Error(`Cannot write the types of ${path}: ${problems.join("; ")}`);
}
