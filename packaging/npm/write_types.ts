/**
 * Writes the types of the library. `deno bundle --declaration` (Deno 2.9) leaves imports of files that
 * no package has, so that what they name is `any`.
 *
 * @module
 */
import { dirname } from "node:path";
import { loadNpmPackage } from "../../tests/fixtures/npm_package.ts";
import { ROOT } from "../write_texts.ts";

/** What is used of TypeScript, https://github.com/microsoft/TypeScript/wiki/Using-the-Compiler-API. */
interface TypeScript {
  readonly ScriptTarget: { readonly ESNext: number };
  readonly ModuleKind: { readonly ESNext: number };
  transpileDeclaration(text: string, options: unknown): {
    readonly outputText: string;
    readonly diagnostics?: readonly { readonly messageText: unknown }[];
  };
  flattenDiagnosticMessageText(text: unknown, newLine: string): string;
}

const TYPESCRIPT_VERSION = "5.9.3";

/** An import or re-export in a declaration file. */
const IMPORTED = /(?<=\bfrom ")(\.{1,2}\/[^"]+)\.ts(?=")/g;

/** For TypeScript that compiles for something older, and knows no `Symbol.asyncDispose` by itself. */
const DISPOSABLE = '/// <reference lib="esnext.disposable" />\n';

/** A method with a name like `[Symbol.dispose]`, which TypeScript 5.9 declares as a property, too. */
const DOUBLED = /(?:^ {4}\/\*\* .* \*\/\n)?^ {4}\[Symbol\.\w+\]: \(\) => .*;\n/gm;

/**
 * Writes a declaration file for a module, and for each one that its declarations name.
 *
 * @param module its path in the repository
 * @param folder gets the same folders as the repository
 * @throws {Error} If the type of something exported is not written down.
 */
export async function writeTypes(module: string, folder: string): Promise<void> {
  const ts = await loadNpmPackage<TypeScript>("typescript", TYPESCRIPT_VERSION);
  const seen = new Set([module]);
  for (const path of seen) {
    const text = declare(ts, path, await Deno.readTextFile(new URL(path, ROOT)));
    for (const [specifier] of text.matchAll(IMPORTED)) {
      seen.add(new URL(specifier, `file:///${path}`).pathname.slice(1));
    }
    const output = `${folder}/${path.replace(/\.ts$/, ".d.mts")}`;
    await Deno.mkdir(dirname(output), { recursive: true });
    const head = path === module ? DISPOSABLE : "";
    await Deno.writeTextFile(output, head + text.replaceAll(IMPORTED, "$1.mjs"));
  }
}

function declare(ts: TypeScript, path: string, text: string): string {
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
  if (diagnostics.length === 0) return outputText.replaceAll(DOUBLED, "");
  const problems = diagnostics.map(({ messageText }) =>
    ts.flattenDiagnosticMessageText(messageText, "\n")
  );
  throw new Error(`Cannot write the types of ${path}: ${problems.join("; ")}`);
}
