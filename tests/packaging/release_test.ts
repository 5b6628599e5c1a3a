import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parse } from "@std/yaml/parse";
import config from "../../deno.json" with { type: "json" };
import { listCompileWords, TARGETS } from "../../packaging/release.ts";

const ROOT = new URL("../../", import.meta.url);

const read = (path: string): Promise<string> => Deno.readTextFile(new URL(path, ROOT));

/** A job of the workflow, as far as it is looked at. */
interface Job {
  readonly steps: readonly {
    readonly uses?: string;
    readonly run?: string;
    readonly with?: Readonly<Record<string, unknown>>;
  }[];
}

Deno.test("listCompileWords() has the permissions of the task, and another target and output", () => {
  assertEquals(TARGETS.length, 5);
  const task = config.tasks.compile.command.split(" ");
  for (const target of TARGETS) {
    const words = listCompileWords(target, "/a b/myriad");
    assertEquals(words.slice(0, 4), ["deno", "compile", "--target", target]);
    assertEquals(words.slice(-3), ["--output", "/a b/myriad", "main.ts"]);
    assertEquals(words.slice(4, -2), task.slice(2, -2));
  }
});

Deno.test("the release workflow runs tasks that exist, by the Deno of the gate", async () => {
  const workflow = parse(await read(".github/workflows/release.yml")) as {
    readonly jobs: Readonly<Record<string, Job>>;
  };
  const steps = Object.values(workflow.jobs).flatMap(({ steps }) => steps);
  const tasks = steps.flatMap(({ run = "" }) =>
    Array.from(run.matchAll(/deno task (\S+)/g), ([, task]) => task)
  );
  assertEquals(tasks, ["release", "npm"]);
  for (const task of tasks) assert(Object.hasOwn(config.tasks, task), task);
  // One version of Deno makes all, that of the gate.
  const [, version] = /npx -y deno@([\d.]+)/.exec(await read(".ci/run"))!;
  const ofDeno = steps.filter(({ uses }) => uses?.startsWith("denoland/setup-deno@"));
  assertEquals(ofDeno.map((step) => step.with!["deno-version"]), [version, version, version]);
});

Deno.test("packaging/Containerfile copies what is there, and runs a task that is there", async () => {
  const text = await read("packaging/Containerfile");
  const copied = [...text.matchAll(/^COPY (?!--from)(.+) \S+$/gm)]
    .flatMap(([, names]) => names.split(" "));
  assert(copied.length > 0);
  for (const name of copied) await Deno.stat(new URL(name, ROOT));
  const [, task] = /^RUN deno task (\S+)$/m.exec(text)!;
  assertEquals(task, "compile");
  assertStringIncludes(config.tasks.compile.command, "--output myriad main.ts");
  assertStringIncludes(text, `denoland/deno:${Deno.version.deno} `);
});
