import type { HttpVersion } from "../../result.ts";
import { RequestWriter } from "../http1/request.ts";
import { RequestBlocks } from "../http2/request_block.ts";
import type { EngineSettings } from "../options.ts";
import type { DescribeRequest } from "../trace.ts";
import { Detours } from "./detours.ts";
import { Router } from "./router.ts";

/** Shows heads of requests as connections would send them, without any connection. */
export function createPreview(
  options: Pick<EngineSettings, "proxy" | "resolve" | "connectTo" | "disableKeepAlive">,
  version: HttpVersion,
): DescribeRequest {
  const { proxy, disableKeepAlive } = options;
  const router = new Router(Detours.of(options));
  const writer = version === "2"
    ? new RequestBlocks(proxy !== undefined)
    : new RequestWriter(proxy, disableKeepAlive);
  return (hop) => writer.lines(hop, router.route(hop.url), hop.headers);
}
