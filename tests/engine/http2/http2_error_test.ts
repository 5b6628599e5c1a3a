import { assertEquals } from "@std/assert";
import { ErrorCode, nameErrorCode } from "../../../lib/engine/http2/http2_error.ts";

Deno.test("nameErrorCode() names the codes of RFC 9113, and numbers others", () => {
  assertEquals(
    [ErrorCode.NoError, ErrorCode.RefusedStream, ErrorCode.Http11Required, 14, 2 ** 32 - 1]
      .map(nameErrorCode),
    ["NO_ERROR", "REFUSED_STREAM", "HTTP_1_1_REQUIRED", "error code 14", "error code 4294967295"],
  );
});
