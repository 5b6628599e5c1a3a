import type { HttpVersion } from "../../result.ts";
import { RequestWriter } from "../http1/request.ts";
import { RequestBlocks } from "../http2/request_block.ts";
import type { EngineSettings } from "../options.ts";
import type { DescribeRequest } from "../trace.ts";
import { Router } from "./router.ts";

/** Shows heads of requests as connections would send them, without any connection. */
export function createPreview(
  { proxy }: Pick<EngineSettings, "proxy">,
  version: HttpVersion,
): DescribeRequest {
  const router = new Router();
  const writer = version === "2"
    ? new RequestBlocks(proxy !== undefined)
    : new RequestWriter(proxy);
  return (hop) => writer.lines(hop, router.route(hop.url), hop.headers);
}
