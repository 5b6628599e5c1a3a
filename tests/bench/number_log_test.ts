import { assertEquals } from "@std/assert";
import { readConnectionLog } from "../../bench/connection_log.ts";
import { forEachLine } from "../../bench/number_log.ts";
import { folder } from "../fixtures/folder.ts";

Deno.test("forEachLine() gives the numbers of each line", async () => {
  await using dir = await folder();
  const lines: number[][] = [];
  await forEachLine(await dir.write("log", "/12\n3 4.005\nnone\n/6"), (numbers) => {
    lines.push([...numbers]);
  });
  // A line is whole when its end has come.
  assertEquals(lines, [[12], [3, 4, 5], []]);
});

Deno.test("readConnectionLog() counts the requests of each connection, in all and once all are open", async () => {
  await using dir = await folder();
  const log = await dir.write(
    "log",
    "7 10.900\n7 10.950\n8 11.100\n7 11.100\n8 11.200\n8 11.300\n",
  );
  assertEquals(await readConnectionLog(log), {
    whole: { connections: 2, requests: 6, median: 3, busiest: 3, leastBusy: 3 },
    steady: { connections: 2, requests: 4, median: 3, busiest: 3, leastBusy: 1 },
    openSeconds: 0.2,
  });
});
