import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { PageData } from "../../../lib/report/page/data.ts";
import { formatPage } from "../../../lib/report/page/page.ts";
import { ERROR_KINDS } from "../../../lib/result.ts";
import { Browser, type Tab } from "../../fixtures/browser.ts";
import { folder } from "../../fixtures/folder.ts";
import { isInstalled } from "../../fixtures/installed.ts";
import { hostilePage, largestPage, pageData, seriesOf } from "../../fixtures/page_data.ts";

const PLOTS = ["rate", "latency", "inFlight", "failed", "memory", "histogram", "spectrum"];

const HOSTILE = [
  `"><img src=x onerror="window.pwned=1">`,
  `'><svg onload='window.pwned=1'>`,
  `</script><script>window.pwned=1</script>`,
  `</title></style></main><script>window.pwned=1</script>`,
  `<!--<script>`,
  `<iframe srcdoc="<script>parent.pwned=1</script>">`,
  `<a href="javascript:window.pwned=1">`,
  `\u2028window.pwned=1\u2029`,
  `\u202egpj.exe`,
].join(" ");

/** How many colours a plot's canvas has, besides what is transparent. */
const COLORS = `(name) => {
  const canvas = document.querySelector('[data-plot="' + name + '"] canvas');
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const colors = new Map();
  for (let k = 0; k < data.length; k += 4) {
    if (data[k + 3] < 200) continue;
    const color = data.slice(k, k + 3).join();
    colors.set(color, (colors.get(color) ?? 0) + 1);
  }
  return [...colors.values()].filter((pixels) => pixels > 50).length;
}`;

/** Where on the screen the inner part of a plot is, which takes the mouse. */
async function areaOf(tab: Tab, name: string): Promise<{ x: number; y: number; width: number }> {
  return await tab.evaluate(`(() => {
    const over = document.querySelector('[data-plot="${name}"] .u-over');
    over.scrollIntoView({ block: "center" });
    const { x, y, width } = over.getBoundingClientRect();
    return { x, y, width };
  })()`);
}

const legendOf = (tab: Tab, name: string): Promise<string> =>
  tab.evaluate(`document.querySelector('[data-plot="${name}"] .u-legend').innerText`);

const zoomedOf = (tab: Tab, name: string): Promise<string | undefined> =>
  tab.evaluate(`document.querySelector('[data-plot="${name}"]').dataset.zoomed`);

Deno.test("the page in a browser", { ignore: !isInstalled("chromium") }, async (t) => {
  await using dir = await folder();
  await using browser = await Browser.start();
  let pages = 0;
  const open = async (
    data: PageData,
    { scheme = "light", width = 1280 }: { scheme?: "light" | "dark"; width?: number } = {},
  ): Promise<Tab> => {
    const path = await dir.write(`${pages++}.html`, await formatPage(data));
    const tab = await browser.open(`file://${path}`, async (tab) => {
      const features = [{ name: "prefers-color-scheme", value: scheme }];
      await tab.send("Emulation.setEmulatedMedia", { features });
      const mobile = width < 600;
      const metrics = { width, height: 800, deviceScaleFactor: mobile ? 2 : 1, mobile };
      await tab.send("Emulation.setDeviceMetricsOverride", metrics);
    });
    await tab.drawn();
    return tab;
  };

  for (const scheme of ["light", "dark"] as const) {
    await t.step(
      `it requests nothing, logs no error and draws each plot in ${scheme} mode`,
      async () => {
        await using tab = await open(pageData(), { scheme });
        assertEquals(tab.complaints, []);
        assertEquals(tab.requested.map((url) => url.replace(/.*\//, "")), [`${pages - 1}.html`]);
        for (const plot of PLOTS) {
          const colors = await tab.evaluate<number>(`(${COLORS})("${plot}")`);
          assert(colors >= 1, `${plot} has ${colors} colours`);
        }
        const [r, g, b] = await tab.evaluate<number[]>(
          `getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)`,
        );
        assertEquals(r + g + b > 600, scheme === "light");
      },
    );
  }

  await t.step("it redraws each plot when the system's colors change", async () => {
    await using tab = await open(pageData());
    const pixels = (): Promise<string> =>
      tab.evaluate(`document.querySelector('[data-plot="rate"] canvas').toDataURL()`);
    const light = await pixels();
    const features = [{ name: "prefers-color-scheme", value: "dark" }];
    await tab.send("Emulation.setEmulatedMedia", { features });
    await tab.drawn();
    assert(await pixels() !== light);
    assertEquals(await tab.evaluate("document.querySelectorAll('canvas').length"), PLOTS.length);
    assertEquals(tab.complaints, []);
  });

  await t.step("it shows the values at the cursor", async () => {
    await using tab = await open(pageData());
    const { x, y, width } = await areaOf(tab, "latency");
    const before = await legendOf(tab, "latency");
    await tab.send("Input.dispatchMouseEvent", { type: "mouseMoved", x: x + width / 2, y: y + 40 });
    await tab.drawn();
    const after = await legendOf(tab, "latency");
    assert(before !== after, after);
    assert(/p99:?\s*\d+ ms/.test(after), after);
    // The other plots over time show the same moment.
    assert(/at:?\s*1:0\d \(/.test(await legendOf(tab, "rate")), await legendOf(tab, "rate"));
    for (
      const [name, read] of [["histogram", /answers:?\s*\d/], [
        "spectrum",
        /latency:?\s*\d/,
      ]] as const
    ) {
      const area = await areaOf(tab, name);
      const at = { x: area.x + area.width / 2, y: area.y + 40 };
      await tab.send("Input.dispatchMouseEvent", { type: "mouseMoved", ...at });
      await tab.drawn();
      assert(read.test(await legendOf(tab, name)), await legendOf(tab, name));
    }
    assertEquals(tab.complaints, []);
  });

  await t.step(
    "it zooms all plots over time on a drag, and out on a double click",
    async () => {
      await using tab = await open(pageData());
      for (const name of ["rate", "histogram", "spectrum"]) {
        const { x, y, width } = await areaOf(tab, name);
        await tab.drag({ x: x + width * 0.3, y: y + 40 }, { x: x + width * 0.6, y: y + 50 });
        await tab.drawn();
        assertEquals(await zoomedOf(tab, name), "true", name);
        if (name === "rate") assertEquals(await zoomedOf(tab, "memory"), "true");
        const at = { x: x + width / 2, y: y + 40, button: "left" };
        for (const clickCount of [1, 2]) {
          await tab.send("Input.dispatchMouseEvent", { type: "mousePressed", ...at, clickCount });
          await tab.send("Input.dispatchMouseEvent", { type: "mouseReleased", ...at, clickCount });
        }
        await tab.drawn();
        assertEquals(await zoomedOf(tab, name), "false", name);
      }
      assertEquals(tab.complaints, []);
    },
  );

  await t.step("it fits the width of a phone", async () => {
    for (const data of [pageData(), hostilePage(`${"w".repeat(300)}`), largestPage()]) {
      await using tab = await open(data, { width: 360 });
      const beyond = await tab.evaluate(
        `[...document.querySelectorAll("main *")].filter((it) => !it.closest(".scroll") &&
          it.getBoundingClientRect().right > 361).map((it) => it.localName + "." + it.className)`,
      );
      assertEquals(beyond, []);
      assertEquals(
        await tab.evaluate("[document.documentElement.scrollWidth, document.body.scrollWidth]"),
        [360, 360],
      );
      const wide = await tab.evaluate(
        `[...document.querySelectorAll("canvas")].filter((it) => it.getBoundingClientRect().right > 360).length`,
      );
      assertEquals(wide, 0);
      assertEquals(tab.complaints, []);
    }
  });

  await t.step("it resizes with its window", async () => {
    await using tab = await open(pageData());
    const metrics = { width: 700, height: 800, deviceScaleFactor: 1, mobile: false };
    await tab.send("Emulation.setDeviceMetricsOverride", metrics);
    await tab.drawn();
    await tab.drawn();
    const [scroll, right] = await tab.evaluate<number[]>(
      `[document.documentElement.scrollWidth,
        Math.max(...[...document.querySelectorAll("canvas")].map((it) => it.getBoundingClientRect().right))]`,
    );
    assertEquals([scroll, right <= 700], [700, true]);
    assertEquals(tab.complaints, []);
  });

  await t.step("it prints dark on white, in pages, and is then as before", async () => {
    await using tab = await open(pageData(), { scheme: "dark" });
    const shot = await tab.evaluate<string>(`document.querySelector("canvas").toDataURL()`);
    const { data } = await tab.send("Page.printToPDF", { printBackground: true });
    const pdf = atob(data);
    assert(pdf.startsWith("%PDF"));
    const count = Number(/\/Count (\d+)/.exec(pdf)![1]);
    assert(count >= 1 && count <= 6, `${count} pages`);
    await tab.drawn();
    assertEquals(await tab.evaluate(`document.querySelector("canvas").toDataURL()`), shot);
    // What it is like in the meantime.
    await tab.evaluate(`void dispatchEvent(new Event("beforeprint"))`);
    await tab.send("Emulation.setEmulatedMedia", { media: "print" });
    await tab.drawn();
    const ink = await tab.evaluate<string>("getComputedStyle(document.body).color");
    assertEquals(ink, "rgb(27, 31, 36)");
    assert(await tab.evaluate<number>(`(${COLORS})("rate")`) >= 1);
    assertEquals(tab.complaints, []);
  });

  await t.step(
    "it runs only its own script, and makes no element of others' texts",
    async () => {
      const elements =
        "Object.entries(Object.groupBy(document.querySelectorAll('*'), (it) => it.localName)).map(([name, all]) => [name, all.length])";
      await using harmless = await open(hostilePage("x"));
      const expected = await harmless.evaluate(elements);
      await using tab = await open(hostilePage(HOSTILE));
      await tab.drawn();
      assertEquals(tab.complaints, []);
      assertEquals(await tab.evaluate("window.pwned ?? 'safe'"), "safe");
      assertEquals(await tab.evaluate(elements), expected);
      assertEquals(tab.requested.length, 1);
      assertEquals(
        await tab.evaluate("document.title"),
        `${
          HOSTILE.replace(/[\u2028\u2029\u202e]/g, (it) => `\\u{${it.charCodeAt(0).toString(16)}}`)
        } – myriad`,
      );
      // The policy holds: a script that were injected after all would not run.
      await tab.evaluate(`document.body.append(Object.assign(document.createElement("script"), {
      textContent: "window.pwned = 1",
    }))`);
      assertEquals(await tab.evaluate("window.pwned ?? 'safe'"), "safe");
      assertStringIncludes(tab.complaints.join(), "Content Security Policy");
      assertEquals(
        await tab.evaluate("fetch('http://127.0.0.1:1/').catch((error) => error.name)"),
        "TypeError",
      );
    },
  );

  await t.step("it draws very large and very small values", async () => {
    const one = seriesOf(1, []);
    const hole = [null, null, null];
    const cases: PageData[] = [
      largestPage(),
      pageData({ series: one, histogram: [[12, 1]] }),
      pageData({ series: { ...seriesOf(3, []), p50: hole, p90: hole, p99: hole, max: hole } }),
      pageData({ series: seriesOf(5, ERROR_KINDS), histogram: [[0, 5], [2 ** 36, 1]] }),
      pageData({ histogram: [[255, 1e8]] }),
    ];
    for (const data of cases) {
      await using tab = await open(data);
      assertEquals(tab.complaints, []);
      for (const plot of ["rate", "histogram", "spectrum"]) {
        assert(await tab.evaluate<number>(`(${COLORS})("${plot}")`) >= 1, plot);
      }
    }
  });
});
