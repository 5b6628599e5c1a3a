import { assertEquals } from "@std/assert";
import { toSummary } from "../../lib/report/json.ts";
import { formatJunit, type JunitData } from "../../lib/report/junit.ts";
import type { Snapshot } from "../../lib/stats/snapshot.ts";
import { HOSTILE } from "../fixtures/hostile_markup.ts";
import { isInstalled } from "../fixtures/installed.ts";
import { run } from "../fixtures/program.ts";
import { ATTACKED, HELD, HUGE, RAW, SNAPSHOT } from "../fixtures/report_snapshots.ts";

function format(snapshot: Snapshot, data: Partial<JunitData> = {}): string {
  const { tolerated, total } = snapshot;
  const summary = toSummary(snapshot, { version: "1.2.3" });
  return formatJunit({ summary, tolerated, total, expectations: [], ...data });
}

/** An element, as Python's parser of XML reads it. */
interface Element {
  readonly tag: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly text: string;
  readonly children: readonly Element[];
}

const READ = `
import json, sys, xml.etree.ElementTree as tree
def read(it):
    return {"tag": it.tag, "attributes": it.attrib, "text": it.text or "",
            "children": [read(child) for child in it]}
print(json.dumps([read(tree.fromstring(text)) for text in json.load(sys.stdin)]))
`;

async function parse(...documents: string[]): Promise<Element[]> {
  const input = JSON.stringify(documents);
  const { stdout, stderr } = await run(["python3", "-c", READ], { input });
  assertEquals(stderr, "");
  return JSON.parse(stdout);
}

/** The failure of each case, by the suite and its name; undefined where it passed. */
function listCases(root: Element): Record<string, Record<string, string | undefined>> {
  return Object.fromEntries(root.children.map(({ attributes: { name }, children }) => [
    name,
    Object.fromEntries(
      children.filter(({ tag }) => tag === "testcase").map(({ attributes, children }) => [
        attributes.name,
        children[0]?.attributes.message,
      ]),
    ),
  ]));
}

/** Holds a document against the schema of Ant's JUnit task: what it requires, and in which order. */
function checkSchema(root: Element): void {
  assertEquals([root.tag, root.attributes], ["testsuites", {}]);
  for (const [id, { tag, attributes, children }] of root.children.entries()) {
    assertEquals(tag, "testsuite");
    const { name, timestamp, tests, failures, errors, time, ...rest } = attributes;
    assertEquals(rest, { id: `${id}`, package: "myriad", hostname: "localhost" });
    assertEquals(timestamp.replace(/\d/g, "0"), "0000-00-00T00:00:00");
    assertEquals([Number(time) >= 0, errors], [true, "0"]);
    const cases = children.slice(1, -2);
    assertEquals(
      children.map(({ tag }) => tag),
      ["properties", ...cases.map(() => "testcase"), "system-out", "system-err"],
    );
    assertEquals(Number(tests), cases.length);
    const failed = cases.filter(({ children }) => children.length > 0);
    assertEquals(Number(failures), failed.length);
    for (const { attributes, children } of cases) {
      assertEquals(Object.keys(attributes), ["classname", "name", "time"]);
      assertEquals(attributes.classname, `myriad.${name}`);
      for (const { tag, attributes } of children) {
        assertEquals([tag, Object.keys(attributes)], ["failure", ["type", "message"]]);
      }
    }
  }
}

Deno.test({
  name: "formatJunit() has a case for each expectation and threshold, and is well-formed",
  ignore: !isInstalled("python3"),
  async fn() {
    const good = { ...SNAPSHOT, failed: 0, errors: {}, statuses: { "200": 660_000 } };
    const examples = [{ url: "http://h/1", detail: "status 500, expected 200" }];
    const missed: Snapshot = {
      ...HELD,
      errors: {
        ...HELD.errors,
        expect: {
          count: 5,
          examples,
          reasons: [
            { expectation: "--expect-status 200", count: 3, examples },
            { expectation: "expect.body", count: 2, examples },
          ],
        },
      },
    };
    const expectations = ["--expect-status 200", "--expect-body <b>"];
    const attacked: Snapshot = {
      ...ATTACKED,
      aborted: HOSTILE,
      errors: { dns: { count: 1, examples: [{ url: HOSTILE, detail: HOSTILE }] } },
      thresholds: [{ threshold: HOSTILE, value: 1, bound: 1, unit: "ms", holds: false }],
    };
    const texts = [
      format(good),
      format(missed, { expectations }),
      format({ ...good, interrupted: true }),
      format(good, { problem: "Cannot write 'x': disk full" }),
      format(attacked, { expectations: [HOSTILE] }),
      format(HUGE),
    ];
    const roots = await parse(...texts);
    roots.forEach(checkSchema);
    for (const text of texts) assertEquals(RAW.exec(text), null);
    const [ofGood, ofMissed, ofInterrupted, ofBroken] = roots.map(listCases);
    const end = "the run comes to its end";
    const error = "no request fails with an error";
    assertEquals(ofGood, { requests: { [end]: undefined, [error]: undefined } });
    assertEquals(ofMissed, {
      requests: { [end]: undefined, [error]: "2 of 660,000 requests failed" },
      expectations: {
        "--expect-status 200": "3 of 660,000 requests failed",
        "--expect-body <b>": undefined,
        "expect.body": "2 of 660,000 requests failed",
      },
      thresholds: { "p99<3s": undefined, "failed<=0": "2", "late<1%": "nothing was measured" },
    });
    assertEquals(ofInterrupted.requests[end], "a signal interrupted it");
    assertEquals(ofBroken.requests[end], "Cannot write 'x': disk full");
    // All cases pass only where the program exits with 0.
    const [, { children }] = roots[1].children[0].children.slice(1);
    assertEquals(children[0].text, "timeout: 2\n  http://host/7: no answer");
  },
});
