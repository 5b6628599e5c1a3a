import { assertEquals } from "@std/assert";
import { isRecordedCommand } from "../../lib/options/recorded_command.ts";

const COMMAND = {
  argv: ["--", "http://h/"],
  files: [{ path: "a", base64: "YQ==" }],
  variables: [{ name: "A", value: "b" }],
  password: null,
};

Deno.test("isRecordedCommand() refuses what no submitter writes", () => {
  assertEquals(isRecordedCommand(COMMAND), true);
  const wrong: readonly unknown[] = [
    null,
    [],
    { ...COMMAND, argv: [1] },
    { ...COMMAND, argv: new Array(10_001).fill("") },
    { ...COMMAND, argv: ["x".repeat(3_000_000)] },
    { ...COMMAND, files: [null] },
    { ...COMMAND, files: [{ path: "a" }] },
    { ...COMMAND, files: new Array(1_001).fill(COMMAND.files[0]) },
    { ...COMMAND, variables: [{ name: "A" }] },
    { ...COMMAND, password: 1 },
  ];
  for (const value of wrong) assertEquals(isRecordedCommand(value), false);
});
