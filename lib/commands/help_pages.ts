import type { CommandHelp } from "../cli/format_help.ts";
import type { CommandName } from "./commands.ts";
import { COMPARE_HELP } from "./compare/options.ts";
import { COMPLETIONS_HELP } from "./completions/help.ts";
import { CURL_HELP } from "./curl/help.ts";
import { MAN_HELP } from "./man/help.ts";
import { REPORT_HELP } from "./report/command.ts";
import { RUN_HELP } from "./run/help.ts";
import { RUNS_HELP } from "./runs/command.ts";
import { SERVE_HELP } from "./serve/command.ts";
import { VERIFY_HELP } from "./verify/command.ts";
import { WORK_HELP } from "./work/command.ts";

/** The help of each command. */
export const HELP_PAGES: Readonly<Record<CommandName, CommandHelp>> = {
  run: RUN_HELP,
  curl: CURL_HELP,
  serve: SERVE_HELP,
  compare: COMPARE_HELP,
  verify: VERIFY_HELP,
  report: REPORT_HELP,
  work: WORK_HELP,
  runs: RUNS_HELP,
  completions: COMPLETIONS_HELP,
  man: MAN_HELP,
};
