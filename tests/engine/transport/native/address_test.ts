import { assertEquals } from "@std/assert";
import { toNativeAddress } from "../../../../lib/engine/transport/native/address.ts";
import type { TransportListener } from "../../../../lib/engine/transport/transport.ts";
import {
  openCheckedLibraries,
  openCheckedTransports,
  WITHOUT_NATIVE,
} from "../../../fixtures/checked_libraries.ts";
import { StreamServer } from "../../../fixtures/stream_server.ts";

const ignore = WITHOUT_NATIVE !== undefined;

Deno.test("toNativeAddress() reads the zone of an IPv6 address", { ignore }, () => {
  const { libc, close } = openCheckedLibraries();
  // The loopback interface is the first one of each system.
  for (const [host, zone] of [["fe80::1%lo", 1], ["fe80::1%7", 7], ["fe80::1", 0]] as const) {
    const address = toNativeAddress(libc, { host, port: 80, family: 6 });
    if ("code" in address) throw new Error(address.code);
    const { bytes, name } = address;
    assertEquals([bytes[8], bytes[9], bytes[23], bytes[24]], [0xfe, 0x80, 1, zone]);
    assertEquals(name, `[${host}]:80`);
  }
  for (const host of ["fe80::1%missing", "127.0.0.1%lo", "name"]) {
    const address = toNativeAddress(libc, { host, port: 80, family: 0 });
    assertEquals("code" in address && address.code, "ENOTFOUND", host);
  }
  close();
});

Deno.test("native transports connect to an address with a zone", { ignore }, async () => {
  await using server = await StreamServer.start(() => {}, undefined, { host: "::1" });
  const transports = openCheckedTransports();
  const outcome = Promise.withResolvers<string>();
  const listener: TransportListener = {
    onConnect: () => outcome.resolve("connect"),
    onSecure() {},
    onRead() {},
    onEnd() {},
    onDrain() {},
    onClose: ({ message }) => outcome.resolve(message),
  };
  const address = { host: "::1%lo", port: server.port, family: 6 };
  const transport = transports.open(address, undefined, listener);
  assertEquals(await outcome.promise, "connect");
  transport.close();
  transports.close();
});
