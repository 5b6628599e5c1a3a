import { assert, assertEquals, assertRejects } from "@std/assert";
import { gzipSync } from "node:zlib";
import { freePort } from "../../bench/port.ts";
import { InputError, UsageError } from "../../lib/errors.ts";
import { OverlongLine } from "../../lib/source/lines.ts";
import { SitemapReader } from "../../lib/source/sitemap_reader.ts";
import { folder } from "../fixtures/folder.ts";
import { all, Blocks, open, outcomes, splits } from "../fixtures/sources.ts";

const NAME = "--input a.xml";
const encode = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

const reader = (blocks: Blocks, canBeIndex = true) =>
  new SitemapReader(blocks, { name: NAME, canBeIndex });

async function read(text: string): Promise<unknown[]> {
  const sitemap = reader(new Blocks([encode(text)]));
  await sitemap.begin();
  return await all(sitemap);
}

const SITEMAP = `\ufeff<?xml version="1.0" encoding="UTF-8"?>
<!-- <urlset> is > what follows -->
<s:urlset xmlns:s="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:image='a>b"'>
  <s:url>
    <s:loc>
      http://h/?a=1&amp;b=&#x41;&#66;&toString;
    </s:loc><s:lastmod>2026-01-01</s:lastmod>
    <image:image><image:loc>http://h/no.png</image:loc></image:image>
  </s:url>
  <s:url><s:loc><![CDATA[http://h/&amp;<x>]]></s:loc></s:url><s:url><s:loc/></s:url>
  <s:url><s:loc>http://h/<!-- no -->é</s:loc></s:url>
  <s:loc>http://h/outside</s:loc>
</s:urlset>
<!-- behind it -->`;

Deno.test("SitemapReader gives the URLs of entries, however the text is split", async () => {
  for (const blocks of splits(encode(SITEMAP))) {
    const sitemap = reader(blocks);
    await sitemap.begin();
    const lines: number[] = [];
    const urls = [];
    for (let step; !(step = await sitemap.next()).done;) {
      urls.push(step.value);
      lines.push(sitemap.line);
    }
    assertEquals(urls, ["http://h/?a=1&b=AB&toString;", "http://h/&amp;<x>", "http://h/é"]);
    assertEquals(lines, [5, 10, 11]);
    assert(blocks.isClosed);
  }
});

Deno.test("SitemapReader refuses what is not a sitemap before the first URL", async () => {
  for (
    const [text, what] of [
      ["", "it has no element"],
      ["http://h/\n", "it has no element"],
      ["<rss></rss>", "it begins with <rss>"],
      ["</urlset>", "it begins with <urlset>"],
    ]
  ) {
    const error = await assertRejects(() => read(text), UsageError);
    assertEquals(
      error.message,
      `Cannot read '${NAME}': it is not a sitemap: ${what}: use one of <urlset> or <sitemapindex>, or --input-format for another format`,
    );
  }
  assertEquals(await read("<urlset/>"), []);
});

Deno.test("SitemapReader breaks off where XML does, and holds no more than its bounds", async () => {
  const start = "<urlset><url><loc>http://h/</loc></url>";
  for (
    const [rest, why] of [
      ["", "the input broke off (its XML is cut short): make it whole"],
      ["<url><loc>http://h/2", "the input broke off (its XML is cut short): make it whole"],
      ["<!-- ", "the input broke off (its XML is cut short): make it whole"],
      ["<a b='>", "the input broke off (its XML is cut short): make it whole"],
      [`<a b='${"x".repeat(70_000)}`, "it is not XML: a tag is longer than 64 KiB"],
      ["< >", "it is not XML: a tag has no name"],
      ["<!DOCTYPE urlset [", "it has a DOCTYPE, which sitemaps do not have: leave it out"],
    ]
  ) {
    const blocks = new Blocks([encode(start + rest)]);
    const sitemap = reader(blocks);
    await sitemap.begin();
    assertEquals((await sitemap.next()).value, "http://h/");
    const error = await assertRejects(() => sitemap.next(), InputError);
    assertEquals(error.message, `Cannot read '${NAME}' to its end: ${why}`);
    assert(blocks.isClosed);
  }
  const [long] = await read(`<urlset><url><loc>${"x".repeat(2 ** 20 + 1)}</loc></url></urlset>`);
  assert(long instanceof OverlongLine);
});

/** Serves sitemaps by their path. */
function serve(files: (origin: string) => Record<string, BodyInit>) {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { origin, pathname } = new URL(request.url);
    if (pathname === "/moved.xml") return Response.redirect(`${origin}/b.xml`);
    const body = files(origin)[pathname];
    return body === undefined ? new Response("no", { status: 404 }) : new Response(body);
  });
  const origin = `http://127.0.0.1:${server.addr.port}`;
  return { origin, [Symbol.asyncDispose]: () => server.shutdown() };
}

const sitemap = (...urls: string[]): string =>
  `<urlset>${urls.map((url) => `<url><loc>${url}</loc></url>`).join("\n")}</urlset>`;
const index = (...urls: string[]): string =>
  `<sitemapindex>${
    urls.map((url) => `<sitemap><loc>${url}</loc></sitemap>`).join("")
  }</sitemapindex>`;

Deno.test("openSource() reads an index from a file or a URL, and the sitemaps that it names", async () => {
  await using server = serve((origin) => ({
    "/index.xml": index(`${origin}/a.xml.gz`, `${origin}/moved.xml`, `${origin}/none.xml`),
    "/a.xml.gz": gzipSync(sitemap("http://h/1", "http://h/2")) as Uint8Array<ArrayBuffer>,
    "/b.xml": sitemap("http://h/3"),
    "/none.xml": sitemap(),
    "/list": "http://h/4\n",
  }));
  const { origin } = server;
  await using dir = await folder();
  const file = await dir.write("index.xml", index(`${origin}/b.xml`));
  const inputs = [
    { path: `${origin}/index.xml`, format: "sitemap" },
    { path: file, format: "sitemap" },
    { path: `${origin}/list`, format: "lines" },
  ] as const;
  const urls = ["http://h/1", "http://h/2", "http://h/3", "http://h/3", "http://h/4"];
  assertEquals(outcomes(await all(await open({ inputs }))), urls);
  const looped = await open({ inputs, loop: true, count: 12 });
  assertEquals(outcomes(await all(looped)), [...urls, ...urls, ...urls].slice(0, 12));
  const order = { isShuffled: true, share: undefined, seed: 1, first: 0, count: Infinity };
  assertEquals(outcomes(await all(await open({ inputs, order }))).toSorted(), urls);
});

Deno.test("openSource() tells which sitemap of an index cannot be read, and no secret", async () => {
  await using server = serve((origin) => ({
    "/a.xml": index(`${origin}/no.xml?token=hunter2`),
    "/b.xml": index(`${origin}/a.xml`),
    "/c.xml": index("/relative.xml"),
  }));
  const { origin } = server;
  const read = async (path: string): Promise<string> => {
    const inputs = [{ path: `${origin}/${path}`, format: "sitemap" }] as const;
    const error = await assertRejects(async () => await all(await open({ inputs })), Error);
    return `${error.name}: ${error.message}`.replaceAll(origin, "");
  };
  assertEquals(
    await read("a.xml"),
    "InputError: Cannot read '--input /a.xml, sitemap /no.xml?token=…': its server responds with status 404: use another URL",
  );
  assertEquals(
    await read("b.xml"),
    "InputError: Cannot read '--input /b.xml, sitemap /a.xml': an index names it, and it is an index",
  );
  assertEquals(
    await read("c.xml"),
    "InputError: Cannot read '--input /c.xml, sitemap /relative.xml': it is not a URL",
  );
  assertEquals(
    await read("d.xml?api_key=x"),
    "UsageError: Cannot read '--input /d.xml?api_key=…': its server responds with status 404: use another URL",
  );
});

Deno.test("openSource() refuses a URL of an input that it must not or cannot fetch", async () => {
  await using server = serve(() => ({}));
  const { host } = new URL(server.origin);
  for (
    const [path, why] of [
      [`http://user:hunter2@${host}/`, "a URL of an input cannot have credentials"],
      ["http://", "it is not a URL: use one like https://host/path"],
      [
        `http://127.0.0.1:${freePort()}/list`,
        "its server cannot be reached, or broke off (",
      ],
    ]
  ) {
    const error = await assertRejects(
      () => open({ inputs: [{ path, format: "lines" }] }),
      UsageError,
      why,
    );
    assert(!error.message.includes("hunter2"));
  }
});

Deno.test({
  name: "openSource() refuses a URL of an input without the permission for its host",
  permissions: { read: true, write: true },
  fn: async () => {
    const inputs = [{ path: "http://127.0.0.1:8080/list", format: "lines" as const }];
    const error = await assertRejects(() => open({ inputs }), UsageError);
    assertEquals(
      error.message,
      "Cannot read '--input http://127.0.0.1:8080/list': no permission: run with --allow-net=127.0.0.1:8080",
    );
  },
});
