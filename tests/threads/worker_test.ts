import { assertEquals } from "@std/assert";
import { myriad } from "../fixtures/program.ts";

const script = new URL("../fixtures/faulty_run.ts", import.meta.url).pathname;

for (const fault of ["throws", "rejects"]) {
  Deno.test(`beWorker() tells what a thread ${fault} outside of a request, and prints nothing`, async () => {
    const args = [fault, "http://127.0.0.1/{}", "-n", "10", "--threads", "2"];
    assertEquals(await myriad(args, { script }), {
      code: 0,
      stdout: "Cannot go on: a thread has failed: TypeError: oh\n",
      stderr: "",
    });
  });
}
