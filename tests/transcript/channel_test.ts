import { assertEquals } from "@std/assert";
import { Channel, createChannelMemory } from "../../lib/transcript/channel.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

Deno.test("Channel.claim() is true once for all that share the memory", () => {
  const memory = createChannelMemory();
  const channels = [new Channel(memory), new Channel(memory)];
  assertEquals([...channels, ...channels].map((channel) => channel.claim()), [
    true,
    false,
    false,
    false,
  ]);
});

Deno.test("Channel.write() writes all bytes, and waits for a reader that is busy", () => {
  const got: number[] = [];
  let calls = 0;
  const channel = new Channel(createChannelMemory(), (bytes) => {
    if (++calls % 2 === 0) throw new Deno.errors.WouldBlock("busy");
    got.push(bytes[0]);
    return 1;
  });
  channel.write("äbc");
  assertEquals(Uint8Array.from(got), encode("äbc"));
});

Deno.test("Channel.write() gives up a text that nobody takes, and goes on with the next", () => {
  let text = "";
  let isOpen = false;
  const channel = new Channel(createChannelMemory(), (bytes) => {
    if (!isOpen) throw new Deno.errors.BrokenPipe("closed");
    text += new TextDecoder().decode(bytes);
    return bytes.length;
  });
  channel.write("lost");
  isOpen = true;
  channel.write("there");
  assertEquals(text, "there");
});
