#!/usr/bin/env node
// Starts myriad in Deno, which is a dependency of this package, with the permissions that it needs.
"use strict";

const { spawn } = require("node:child_process");
const path = require("node:path");

/** The permissions of a command; others than these make no requests, and start no processes. */
const PERMISSIONS = ["--allow-net", "--allow-read", "--allow-write"];
const OF_COMPARE = [...PERMISSIONS, "--allow-run", "--allow-sys=systemMemoryInfo"];

function fail(text) {
  console.error(`myriad: ${text}`);
  process.exit(2);
}

function readPermissions(command) {
  const given = process.env.MYRIAD_PERMISSIONS;
  if (given === undefined) return command === "compare" ? OF_COMPARE : PERMISSIONS;
  const words = given.split(/\s+/).filter((word) => word !== "");
  const wrong = words.find((word) => !/^--(allow|deny)-[a-z]+(=.+)?$/.test(word));
  if (wrong !== undefined) {
    fail(`Cannot read '${wrong}' of MYRIAD_PERMISSIONS: use flags like --allow-net=example.com`);
  }
  return words;
}

function findDeno() {
  try {
    return require("deno/install_api.cjs").runInstall();
  } catch (error) {
    return fail(`Cannot find Deno: ${error.message}`);
  }
}

const args = process.argv.slice(2);
const deno = findDeno();
const words = [
  "run",
  "--quiet",
  "--no-prompt",
  // Nothing but the one file is code.
  "--no-config",
  "--no-remote",
  "--no-npm",
  "--cached-only",
  "--v8-flags=--max-semi-space-size=4,--heap-growing-percent=10",
  ...readPermissions(args[0]),
  path.join(__dirname, "myriad.js"),
  ...args,
];
const env = { ...process.env, DENO_NO_UPDATE_CHECK: "1" };

// From Node 22.15 on, Deno takes the place of this process: signals and the exit code are its own.
if (process.execve !== undefined && process.platform !== "win32") {
  process.execve(deno, [deno, ...words], env);
}

const child = spawn(deno, words, { stdio: "inherit", env });
child.on("error", (error) => fail(`Cannot start Deno: ${error.message}`));
// A terminal sends Ctrl-C, and its own end, to both processes; a second SIGINT would end the run at
// once.
const hasTerminal = [0, 1, 2].some((fd) => require("node:tty").isatty(fd));
for (const signal of ["SIGINT", "SIGHUP", "SIGTERM"]) {
  process.on(signal, () => {
    if (signal === "SIGTERM" || !hasTerminal) child.kill(signal);
  });
}
child.on("exit", (code, signal) => {
  if (signal === null) return process.exit(code);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
});
