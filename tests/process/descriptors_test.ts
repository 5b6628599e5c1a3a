import { assertEquals } from "@std/assert";
import { DENO_RUN } from "../fixtures/program.ts";
import { folder } from "../fixtures/folder.ts";

/** What a process with few descriptors says of them before and after it has taken all. */
async function ask(permissions: readonly string[]): Promise<string> {
  await using dir = await folder();
  const script = dir.path("ask.ts");
  const descriptors = new URL("../../lib/process/descriptors.ts", import.meta.url).href;
  await Deno.writeTextFile(
    script,
    `import { lacksDescriptors } from ${JSON.stringify(descriptors)};
     const said = [lacksDescriptors()];
     const others = [];
     try {
       for (;;) others.push(Deno.listen({ hostname: "127.0.0.1", port: 0 }));
     } catch {
       said.push(lacksDescriptors());
     }
     others.pop().close();
     said.push(lacksDescriptors());
     console.log(said.join());`,
  );
  const command = new Deno.Command("bash", {
    args: [
      ...["-c", 'ulimit -n 128; exec "$@"', "bash", ...DENO_RUN],
      ...["--allow-net", ...permissions, script],
    ],
  });
  const { stdout, stderr } = await command.output();
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

Deno.test("lacksDescriptors() says so as long as nothing can be opened", async () => {
  assertEquals(await ask(["--allow-read"]), "false,true,false\n");
});

Deno.test("lacksDescriptors() says no where it may not look", async () => {
  assertEquals(await ask([]), "false,false,false\n");
});
