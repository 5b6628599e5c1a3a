import { assertEquals } from "@std/assert";
import { Html, markup, takeWithinBytes } from "../../../lib/report/page/html.ts";

Deno.test("markup() escapes values that are not Html, in lists too", () => {
  const inner = markup`<b>${"<"}</b>`;
  assertEquals(
    String(markup`<p title="${'"'}">${["<", [inner, 1]]}${undefined}</p>`),
    `<p title="&quot;">&lt;<b>&lt;</b>1</p>`,
  );
});

Deno.test("takeWithinBytes() counts bytes, not characters", () => {
  const parts = ["ä", "ä", "ä"].map((text) => new Html(text));
  assertEquals([
    takeWithinBytes(4, parts).length,
    takeWithinBytes(5, parts).length,
    takeWithinBytes(6, parts).length,
  ], [
    2,
    2,
    3,
  ]);
});
