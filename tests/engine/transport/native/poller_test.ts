import { assertEquals } from "@std/assert";
import {
  EPOLL_CTL_ADD,
  EPOLLOUT,
  type Libc,
} from "../../../../lib/engine/transport/native/libc.ts";
import {
  type Libraries,
  openLibraries,
} from "../../../../lib/engine/transport/native/libraries.ts";
import { Poller } from "../../../../lib/engine/transport/native/poller.ts";
import { WITHOUT_NATIVE } from "../../../fixtures/checked_libraries.ts";

Deno.test({
  name: "Poller goes on with others when the system refuses to watch a file descriptor",
  ignore: WITHOUT_NATIVE !== undefined,
  fn: async () => {
    const libraries = openLibraries() as Libraries;
    let isRefused = false;
    const libc: Libc = {
      ...libraries.libc,
      epoll_ctl: (epoll, operation, fd, event) => {
        if (operation === EPOLL_CTL_ADD && isRefused) return -1;
        return libraries.libc.epoll_ctl(epoll, operation, fd, event);
      },
    };
    const poller = new Poller(libc);
    // A number that can be written to always.
    const [one, other] = [libc.eventfd(0, 0), libc.eventfd(0, 0)];
    const ready = Promise.withResolvers<void>();
    poller.watch(one, 0, { onReady: () => ready.resolve() });
    isRefused = true;
    poller.watch(other, 0, { onReady: () => {} });
    poller.unwatch(other);
    poller.change(one, EPOLLOUT);
    await ready.promise;
    poller.unwatch(one);
    const closed = Promise.withResolvers<void>();
    poller.close(closed.resolve);
    await closed.promise;
    for (const fd of [one, other]) assertEquals(libc.close(fd), 0);
    libraries.close();
  },
});
