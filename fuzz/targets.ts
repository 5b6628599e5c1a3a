/**
 * Everything that reads what others wrote. A new row is a file in `targets/` and a line here.
 *
 * @module
 */
import type { FuzzTarget } from "./target.ts";
import { target as access_logs } from "./targets/access_logs.ts";
import { target as archive_keys } from "./targets/archive_keys.ts";
import { target as archives } from "./targets/archives.ts";
import { target as bus_messages } from "./targets/bus_messages.ts";
import { target as codings } from "./targets/codings.ts";
import { target as compressed_files } from "./targets/compressed_files.ts";
import { target as config_files } from "./targets/config_files.ts";
import { target as cookie_files } from "./targets/cookie_files.ts";
import { target as cookies } from "./targets/cookies.ts";
import { target as csv } from "./targets/csv.ts";
import { target as curl_commands } from "./targets/curl_commands.ts";
import { target as dns_answers } from "./targets/dns_answers.ts";
import { target as expressions } from "./targets/expressions.ts";
import { target as hpack } from "./targets/hpack.ts";
import { target as http1 } from "./targets/http1.ts";
import { target as http2 } from "./targets/http2.ts";
import { target as journals } from "./targets/journals.ts";
import { target as jsonl } from "./targets/jsonl.ts";
import { target as lines } from "./targets/lines.ts";
import { target as record_files } from "./targets/record_files.ts";
import { target as record_lines } from "./targets/record_lines.ts";
import { target as redirects } from "./targets/redirects.ts";
import { target as retry_after } from "./targets/retry_after.ts";
import { target as run_logs } from "./targets/run_logs.ts";
import { target as sitemaps } from "./targets/sitemaps.ts";
import { target as summaries } from "./targets/summaries.ts";
import { target as templates } from "./targets/templates.ts";
import { target as transcripts } from "./targets/transcripts.ts";
import { target as tunnels } from "./targets/tunnels.ts";
import { target as urls } from "./targets/urls.ts";

/** By the names of their files. What servers send comes first, then inputs, then files of runs. */
export const TARGETS: Readonly<Record<string, FuzzTarget>> = {
  http1,
  http2,
  hpack,
  codings,
  redirects,
  retry_after,
  cookies,
  tunnels,
  dns_answers,
  transcripts,
  lines,
  csv,
  jsonl,
  sitemaps,
  urls,
  templates,
  expressions,
  config_files,
  curl_commands,
  cookie_files,
  compressed_files,
  archives,
  archive_keys,
  access_logs,
  record_lines,
  record_files,
  summaries,
  journals,
  run_logs,
  bus_messages,
};
