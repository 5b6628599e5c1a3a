import type { SiteKind } from "../site.ts";
import { toSiteKind } from "./real_site.ts";
import { SERVER_ROWS } from "./server_rows.ts";

/** Every kind of server that can be had. */
export const SITE_KINDS: readonly SiteKind[] = Object.entries(SERVER_ROWS)
  .map(([name, row]) => toSiteKind(name, row));
