import { assertEquals, assertThrows } from "@std/assert";
import {
  formatContentSecurityPolicy,
  inlineText,
  jsonForScript,
} from "../../../lib/report/page/inline_text.ts";
import { HOSTILE } from "../../fixtures/hostile_markup.ts";

Deno.test("jsonForScript() escapes what ends a script or a line, and loses nothing", () => {
  const data = { [HOSTILE]: [HOSTILE, "</SCRIPT", "<!--", 1, null] };
  const text = String(jsonForScript(data));
  assertEquals(JSON.parse(text), data);
  assertEquals(/[<>&\u2028\u2029]/.test(text), false);
  // deno-lint-ignore no-eval -- it is to be JavaScript, too
  assertEquals(
    (0, eval)(
      `(${text.replaceAll("__proto__", "proto")})`,
    )[HOSTILE.replace("__proto__", "proto")][3],
    1,
  );
});

Deno.test("inlineText() throws when the text would end its element", () => {
  for (const text of ["a</script>", "</STYLE", "<!-- a"]) assertThrows(() => inlineText(text));
  assertEquals(String(inlineText("a < b && c > d")), "a < b && c > d");
});

Deno.test("formatContentSecurityPolicy() allows exactly the texts, by hash", async () => {
  // The hash of nothing, as everybody knows it.
  const empty = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='";
  assertEquals(
    await formatContentSecurityPolicy([""], ["", ""]),
    `default-src 'none'; script-src ${empty}; style-src ${empty} ${empty}; base-uri 'none'; form-action 'none'`,
  );
});
