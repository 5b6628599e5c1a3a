import { assertEquals } from "@std/assert";
import type { Libraries } from "../../../lib/engine/transport/native/libraries.ts";
import { openTransports } from "../../../lib/engine/transport/open.ts";
import type { Transports } from "../../../lib/engine/transport/transport.ts";
import { openCheckedLibraries, WITHOUT_NATIVE } from "../../fixtures/checked_libraries.ts";

/** What was opened, or why it was not. */
function nameOf(transports: Transports | string): string {
  if (typeof transports === "string") return transports;
  transports.close();
  return transports.name;
}

Deno.test("openTransports() says why there are no native ones only if they are chosen by name", async () => {
  const openNone = (): string => "native sockets need Linux";
  assertEquals(
    nameOf(await openTransports("native", { open: openNone })),
    "native sockets need Linux",
  );
  assertEquals(nameOf(await openTransports("auto", { open: openNone })), "portable");
});

for (const name of ["epoll_create1", "eventfd"] as const) {
  Deno.test(`openTransports() leaves nothing open when ${name}() fails`, {
    ignore: WITHOUT_NATIVE !== undefined,
  }, async () => {
    let closed = 0;
    const open = (): Libraries => {
      const libraries = openCheckedLibraries();
      // It fails with EINVAL.
      const fail = (): number => libraries.libc.poll(new Uint8Array(1), 2 ** 31, 0);
      return {
        ...libraries,
        libc: { ...libraries.libc, [name]: fail },
        // It checks that all is closed.
        close: () => {
          closed++;
          libraries.close();
        },
      };
    };
    const why = "native sockets need a file descriptor to wait for them: EINVAL";
    assertEquals(nameOf(await openTransports("native", { open })), why);
    assertEquals(nameOf(await openTransports("auto", { open })), "portable");
    assertEquals(closed, 2);
  });
}
