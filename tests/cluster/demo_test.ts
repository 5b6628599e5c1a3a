import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ROOT } from "../../bench/root.ts";
import { HAS_NATS } from "../fixtures/nats_server.ts";

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** Runs the demo as its task does, in a small form. */
async function runDemo(PATH: string) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--no-check",
      ...["--allow-run", "--allow-read", "--allow-write"],
      `${ROOT}/cluster_demo.ts`,
      "4000",
    ],
    env: { PATH },
  }).output();
  return { code, stdout: decode(stdout), stderr: decode(stderr) };
}

Deno.test({
  name: "deno task cluster-demo kills a worker in the midst, and shows that nothing is missing",
  ignore: !HAS_NATS,
  fn: async () => {
    const { code, stdout, stderr } = await runDemo(Deno.env.get("PATH")!);
    assertEquals(code, 0, stdout + stderr);
    assertStringIncludes(stdout, "one of the workers is killed");
    assertStringIncludes(stdout, '"records": 4000');
    assertStringIncludes(stdout, "The logs agree.");
    const [, folder] = /verify (\S+)\/results\.ndjson/.exec(stdout)!;
    assert(await Deno.stat(folder).then(() => false, () => true), "the folder is left");
  },
});

Deno.test("deno task cluster-demo says how to get a NATS server if there is none", async () => {
  const { code, stderr } = await runDemo("/nowhere");
  assertEquals(code, 2);
  assertStringIncludes(stderr, "Cannot find 'nats-server' in PATH: install it by 'apt-get install");
});
