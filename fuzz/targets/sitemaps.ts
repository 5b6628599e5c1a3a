import { decodeEntities } from "../../lib/source/xml_entities.ts";
import { readInput } from "../read_input.ts";
import { decode, type FuzzTarget, hold, holdEqual } from "../target.ts";

const START = '<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">';

export const target: FuzzTarget = {
  reads: "sitemaps, in pieces, and entities of XML",
  seeds: [
    `${START}<url><loc>http://h/?a&amp;b=&#x41;&#66;</loc></url></urlset>`,
    `${START}<!-- <urlset> --><url><loc><![CDATA[http://h/&x;]]></loc></url>\n</urlset>after`,
    `<s:urlset a='>'><s:url><s:loc>http://h/<!-- no -->é</s:loc></s:url><s:url><s:loc/></s:url>`,
    "<urlset/>",
    "<!DOCTYPE x><urlset></urlset>",
    `${START}<url><loc> &lt;&apos;&unknown;&#xd800;&#1114112; </loc></url></urlset>`,
  ],
  tokens: [
    ...[
      "<url>",
      "</url>",
      "<loc>",
      "</loc>",
      "<![CDATA[",
      "]]>",
      "<!--",
      "-->",
      "<?",
      "?>",
      "&amp;",
    ],
    ...["&#x", ";", "&toString;", "<", ">", "'", '"', "</urlset>", "\n", "/>"],
  ],

  async run(input) {
    // The sitemaps of an index are fetched: nothing is requested here.
    if (/sitemapindex/.test(decode(input))) return "";
    const text = decode(input);
    const decoded = decodeEntities(text);
    hold(decoded.length <= text.length, "entities become more than they were");
    holdEqual(decodeEntities(text.replaceAll("&", "&amp;")), text, "an escaped text changes");
    const result = await readInput(input, "sitemap");
    if ("error" in result) return result.error;
    for (const record of result.value.records) {
      hold(record.length <= text.length, "a URL is longer than the sitemap");
    }
    return JSON.stringify(result.value);
  },
};
