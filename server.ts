/**
 * The delay server by itself: `deno run --allow-net server.ts` does what `myriad serve` does.
 *
 * @module
 */
import { runProgram } from "./lib/cli/print.ts";
import { serve } from "./lib/commands/serve/command.ts";

if (import.meta.main) await runProgram(() => serve(Deno.args));
