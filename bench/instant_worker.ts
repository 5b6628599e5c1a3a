/**
 * The code of workers whose engine answers at once.
 *
 * @module
 */
import { beWorker } from "../lib/threads/worker.ts";
import { openInstantEngine } from "./instant_engine.ts";

beWorker(openInstantEngine);
