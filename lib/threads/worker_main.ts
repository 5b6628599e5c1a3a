/**
 * The module that makes a thread a worker. It imports nothing by a promise: messages that come
 * before the worker listens are lost.
 *
 * @module
 */
import { beWorker } from "./worker.ts";

beWorker();
