import { UsageError } from "../../lib/errors.ts";
import { escapeBraces, TextTemplate } from "../../lib/source/text_template.ts";
import { TemplateFunctions } from "../../lib/source/template_functions.ts";
import { UrlTemplate } from "../../lib/source/url_template.ts";
import { attempt, attemptLater, decode, type FuzzTarget, hold, holdEqual } from "../target.ts";

const KINDS = ["header", "json", "form", "text"] as const;
/** Values that would break out of where they stand. */
const VALUES = ['"}],{', "a&b=c#/../?", "\ud800", "-1.5e+9", "p@ss/"];

export const target: FuzzTarget = {
  reads: "templates of URLs, header fields and bodies, filled with values that would break out",
  seeds: [
    "http://{user}:{pass}@h/{+path}?q={q}&id={id|upper}#{}",
    '{"a":"{b}","c":{d},"e":{{f}},"g":[{h}]}',
    "a={b}&c={+d}&{uuid}={random:1-10}",
    "{i+5:08} {now:iso} {line} {env:HOME} {{}} { } {x y}",
    "http://h/{{x}}?a={base64}",
  ],
  tokens: [
    "{",
    "}",
    "{{",
    "}}",
    "{}",
    "{+",
    "|",
    "uuid",
    "random:",
    "i:0",
    "now",
    '"',
    "\\",
    "=",
    "@",
    "://",
  ],

  async run(input) {
    const text = decode(input);
    const outcomes: unknown[] = [];
    const url = attempt(() => UrlTemplate.parse(text), UsageError);
    if ("value" in url) {
      for (const value of VALUES) {
        const { url: filled } = url.value.expand(() => value) as { url: string };
        hold(filled.startsWith(url.value.start), "the beginning of the URL changes");
        outcomes.push(filled);
        if (!url.value.isOriginFixed) continue;
        const origins = [filled, url.value.expandOne("x")].map((it) => URL.parse(it)?.origin);
        if (origins.every((it) => it !== undefined)) {
          holdEqual(origins[0], origins[1], "a value changes the origin");
        }
      }
    } else outcomes.push(url.error);
    holdEqual(TextTemplate.parse(escapeBraces(text)).start, text, "escaped braces change");
    for (const kind of KINDS) {
      const read = attempt(() => TextTemplate.parse(text, kind), UsageError);
      if ("error" in read) {
        outcomes.push(read.error);
        continue;
      }
      const template = read.value;
      const again = TextTemplate.parse(template.source, kind);
      holdEqual(again.parts, template.parts, "a template that is written reads differently");
      const names = template.placeholders.map(({ name }) => name);
      const opened = await attemptLater(() => TemplateFunctions.open(names, "seed"), UsageError);
      outcomes.push("error" in opened ? opened.error : "");
      const filled = VALUES.map((value) => template.expand(() => value));
      outcomes.push(filled);
      const isSafe = template.placeholders.every(({ isRaw }) => !isRaw);
      // A number would make JSON of `-{}` as well, which holds for numbers alone.
      if (kind !== "json" || !isSafe || !isJson(template.with("null"))) continue;
      for (const it of filled) hold(isJson(it as string), "a value breaks the JSON");
    }
    return JSON.stringify(outcomes);
  },
};

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
