import { assert, assertEquals } from "@std/assert";
import { Nginx } from "../../bench/nginx.ts";
import { runCommand } from "../../bench/meter.ts";
import { folder } from "../fixtures/folder.ts";
import { isInstalled } from "../fixtures/installed.ts";

const WITHOUT_NGINX = { ignore: !isInstalled("nginx", "nginx-light") || !isInstalled("curl") };

Deno.test(
  "Nginx speaks HTTP/2 and HTTP/1.1 over TLS, and says what it took",
  WITHOUT_NGINX,
  async () => {
    await using dir = await folder();
    await using nginx = await Nginx.start({ directory: dir.path("."), isTls: true });
    for (const [flag, version] of [["--http2", "2"], ["--http1.1", "1.1"]]) {
      const command = ["curl", "-sk", flag, "-w", " %{http_version}", nginx!.url];
      assertEquals((await runCommand(command))?.stdout, `Hello, World! ${version}`);
    }
    const seconds = await nginx!.cpuSeconds();
    assert(Deno.build.os !== "linux" || seconds! >= 0);
  },
);

Deno.test("Nginx answers a body of any length", WITHOUT_NGINX, async () => {
  await using dir = await folder();
  for (const body of ["one", "x".repeat(100_000)]) {
    await using nginx = await Nginx.start({ directory: dir.path("."), body });
    assertEquals((await runCommand(["curl", "-s", `${nginx!.url}17`]))?.stdout, body);
  }
});
