import type { SiteKind } from "../site.ts";
import { nginx } from "./nginx.ts";

/** Every kind of server that can be had. */
export const SITE_KINDS: readonly SiteKind[] = [nginx];
