import { assertEquals, assertStringIncludes } from "@std/assert";
import { formatCoordinate, formatSvg } from "../../lib/plot/svg.ts";

Deno.test("formatCoordinate() has one decimal at most", () => {
  assertEquals([0, 1.04, 1.05, -2.96, 300].map(formatCoordinate), ["0", "1", "1.1", "-3", "300"]);
});

Deno.test("formatSvg() makes a document of its size, content and style", () => {
  const svg = formatSvg(100, 50, '<path d="M0 0"/>\n', "\n.a { fill: red; }");
  assertStringIncludes(svg, 'viewBox="0 0 100 50" width="100" height="50" role="img"');
  assertStringIncludes(svg, ".a { fill: red; }\n</style>");
  assertEquals(svg.endsWith('<path d="M0 0"/>\n</svg>\n'), true);
});
