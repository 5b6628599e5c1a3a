import { assertEquals } from "@std/assert";
import { createHostCheck, explainMissingNet } from "../../lib/process/permission.ts";

// Such a host is valid in a URL, and a redirect or an input can lead to it.
const ODD = "http://$(id);/x";

Deno.test({
  name: "createHostCheck() does not allow a host that no permission can name",
  permissions: { net: ["127.0.0.1"] },
  fn() {
    const isAllowed = createHostCheck()!;
    const urls = ["http://127.0.0.1/", "http://localhost/", ODD, "http://a'b/", "http://*/"];
    assertEquals(urls.map(isAllowed), [true, false, false, false, false]);
  },
});

Deno.test({
  name: "explainMissingNet() quotes a host that a shell would act on",
  permissions: { net: false },
  fn() {
    assertEquals(explainMissingNet(new URL(ODD).hostname), "run with '--allow-net=$(id);'");
    assertEquals(explainMissingNet("[::1]:80"), "run with --allow-net=[::1]:80");
  },
});
