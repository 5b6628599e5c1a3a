/**
 * `deno task demo`: the delay server in a process of its own, and 10,000 requests to it, 1,000 in
 * flight, through the real command line.
 *
 * @module
 */
import { projectPath, V8_FLAGS } from "./bench/root.ts";

const NET = "--allow-net=127.0.0.1";

const serverProcess = new Deno.Command(Deno.execPath(), {
  args: ["run", NET, projectPath("server.ts"), "--port", "0", "--delay", "0-3s"],
  stdout: "piped",
}).spawn();
const reader = serverProcess.stdout.pipeThrough(new TextDecoderStream()).getReader();
const listening = (await reader.read()).value ?? "";
console.log(`The delay server, 0 to 3 s an answer: ${listening.trim()}`);
const url = /http:\S+/.exec(listening)?.[0] ?? "";

const args = ["-n", "10000", "-c", "1000", `${url}{}`];
console.log(`myriad ${args.join(" ")}\n`);
// Ctrl-C reaches the client as well, whose business it is.
Deno.addSignalListener("SIGINT", () => {});
const { code } = await new Deno.Command(Deno.execPath(), {
  args: ["run", V8_FLAGS, NET, projectPath("main.ts"), ...args],
  stdout: "inherit",
  stderr: "inherit",
}).spawn().status;
try {
  serverProcess.kill("SIGTERM");
} catch {
  // Ctrl-C has ended it already.
}
await serverProcess.status;
Deno.exit(code);
