/**
 * The module that makes a thread a worker of a run on several machines: an ordinary one, with a
 * connection to the bus of its own. It imports nothing by a promise: messages that come before it
 * listens are lost.
 *
 * @module
 */
import { packError } from "../threads/messages.ts";
import { shareOptions } from "../threads/shares.ts";
import { Bus } from "./bus/bus.ts";
import { findRun } from "./find_run.ts";
import { NO_WORK, RunWorker, type Work } from "./run_worker.ts";
import type { FromThread, ToThread, WorkSetup } from "./work_messages.ts";

const TELL_MS = 250;

const scope = globalThis as unknown as {
  onmessage: ((event: MessageEvent<ToThread>) => void) | null;
  postMessage(message: FromThread): void;
};

let worker: RunWorker | undefined;
let isLeaving = false;

async function work({ bus: options, place, name, ...run }: WorkSetup): Promise<Work> {
  const bus = await Bus.connect(options);
  try {
    const found = await findRun(bus, run);
    // The main thread has found it.
    if (found === undefined || isLeaving) return NO_WORK;
    found.bus.onNotice = (text) => scope.postMessage({ type: "say", text });
    const one = worker = new RunWorker(found.bus, {
      name: `${name}-${place.index}`,
      spec: found.spec,
      options: shareOptions(found.options, place),
      say: (text) => scope.postMessage({ type: "say", text }),
    });
    const telling = setInterval(
      () => scope.postMessage({ type: "in flight", count: one.inFlight }),
      TELL_MS,
    );
    try {
      return await one.run();
    } finally {
      clearInterval(telling);
    }
  } finally {
    await bus.close();
  }
}

function fail(error: unknown): void {
  scope.postMessage({ type: "ended", work: worker?.work ?? NO_WORK, error: packError(error) });
}

// Deno would print the stack of an error that nothing catches.
const onFault = (event: Event, reason: unknown): void => {
  event.preventDefault();
  fail(new Error(`Cannot go on: a thread has failed: ${reason}`));
};
addEventListener("error", (event) => onFault(event, event.error));
addEventListener("unhandledrejection", (event) => onFault(event, event.reason));
scope.onmessage = ({ data }) => {
  if (data.type === "open") {
    return void work(data.setup)
      .then((work) => scope.postMessage({ type: "ended", work }), fail);
  }
  isLeaving = true;
  worker?.leave();
};
