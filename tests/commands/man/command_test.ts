import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { HELP_PAGES } from "../../../lib/commands/help_pages.ts";
import { man } from "../../../lib/commands/man/command.ts";
import { EXAMPLES } from "../../../lib/commands/man/manual.ts";
import { UsageError } from "../../../lib/errors.ts";
import { parseRun } from "../../../lib/options/parse.ts";
import { folder } from "../../fixtures/folder.ts";
import { isInstalled } from "../../fixtures/installed.ts";
import { run } from "../../fixtures/program.ts";

const PAGE = man([], { version: "1.2.3", date: new Date(Date.UTC(2026, 1, 3)) });

for (
  const [program, debian, words] of [
    ["mandoc", "mandoc", ["-Tlint"]],
    ["man", "man-db", ["--warnings", "-l"]],
  ] as const
) {
  Deno.test({
    name: `${program} shows the manual without a warning`,
    ignore: !isInstalled(program, debian),
    async fn() {
      await using dir = await folder();
      const page = await dir.write("myriad.1", PAGE);
      const env = { MANWIDTH: "80", LC_ALL: "C.UTF-8" };
      const { code, stdout, stderr } = await run([program, ...words, page], { env });
      assertEquals([code, stderr], [0, ""]);
      if (program === "mandoc") assertEquals(stdout, "");
      else {
        assertStringIncludes(stdout, "February 3, 2026");
        assertStringIncludes(stdout, "This is the manual of version 1.2.3.");
        // Flags can be copied from it, and nothing of the help is lost.
        const text = stdout.replace(/\u2010\n\s*/g, "").replace(/\s+/g, " ");
        for (const { about, flags } of Object.values(HELP_PAGES)) {
          assertStringIncludes(text.toLowerCase(), about.toLowerCase().replace(/\.$/, ""));
          for (const { name, short, value } of flags) {
            const letter = short === undefined ? "" : `-${short}, `;
            const argument = value === undefined ? "" : ` ${value}`;
            assertStringIncludes(text, `${letter}--${name}${argument}`);
          }
        }
      }
    },
  });
}

Deno.test("the examples of the manual are command lines of a run", async () => {
  for (const [, command] of EXAMPLES) {
    const [name, ...words] = Array.from(
      command.matchAll(/'([^']*)'|(\S+)/g),
      ([, quoted, plain]) => quoted ?? plain,
    );
    assertEquals(name, "myriad");
    assertEquals(typeof await parseRun(words, "0"), "object");
    assertStringIncludes(PAGE.replaceAll("\\-", "-").replaceAll("\\(aq", "'"), command);
  }
});

Deno.test("man() takes no argument", () => {
  const context = { version: "0", date: new Date(0) };
  const { message } = assertThrows(() => man(["serve"], context), UsageError);
  assertStringIncludes(message, "use 'myriad man' alone");
  assertStringIncludes(man(["--help"], context), "Usage: myriad man");
});
