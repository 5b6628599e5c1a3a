/**
 * Runs a campaign in a worker, which the main thread can end if an input never does.
 *
 * @module
 */
import { createRequire } from "node:module";
import { installNpmPackage } from "../tests/fixtures/npm_package.ts";
import { Campaign, type Finding, toKind } from "./campaign.ts";
import { install } from "./coverage.ts";
import type { FuzzTarget } from "./target.ts";

/** What a campaign is asked for. */
export interface Order {
  /** The URL of the module that exports the target. */
  readonly module: string;
  readonly seed: number;
  /** How long it takes, in milliseconds. */
  readonly ms: number;
  /** The input that is being read: how many were read, its length, and its bytes. */
  readonly current: SharedArrayBuffer;
  /** An input to read once, instead of a campaign. */
  readonly input?: Uint8Array | undefined;
}

/** How far a campaign is. */
export interface Progress {
  readonly runs: number;
  readonly branches: number;
  readonly corpus: number;
  readonly mostSteps: number;
}

/** What a worker tells. */
export type Told =
  | { readonly progress: Progress }
  | { readonly finding: Finding }
  | { readonly isOver: true };

/** Where the bytes of the input are in {@linkcode Order.current}. */
export const BYTES_AT = 8;
/** The maximum number of findings of a campaign, which are of different kinds. */
const MAX_FINDINGS = 20;
/** Milliseconds between two reports of how far it is. */
const REPORT_MS = 5_000;

const scope = self as unknown as {
  onmessage: (event: MessageEvent<Order>) => void;
  postMessage(message: Told): void;
};

scope.onmessage = async ({ data }) => {
  await conduct(data);
  scope.postMessage({ isOver: true });
};

async function conduct({ module, seed, ms, current, input }: Order): Promise<void> {
  install();
  const { target } = await import(module) as { readonly target: FuzzTarget };
  await target.prepare?.(async (name, version, module = name) =>
    createRequire(`${await installNpmPackage(name, version)}/`)(module)
  );
  const counts = new Int32Array(current, 0, 2);
  const bytes = new Uint8Array(current, BYTES_AT);
  const campaign = new Campaign(target, {
    seed,
    onInput: (input) => {
      Atomics.store(counts, 0, campaign.runs);
      Atomics.store(counts, 1, input.length);
      bytes.set(input);
    },
  });
  const tell = (): void => {
    const { runs, branches, corpusSize: corpus, mostSteps } = campaign;
    scope.postMessage({ progress: { runs, branches, corpus, mostSteps } });
  };
  if (input !== undefined) {
    try {
      console.log(`It gives: ${await campaign.read(input)}`);
    } catch (error) {
      const { message, stack = "" } = error as Error;
      scope.postMessage({ finding: { message, input, stack } });
    }
    return;
  }
  const kinds = new Set<string>();
  const end = performance.now() + ms;
  let next = performance.now() + REPORT_MS;
  for (let now; (now = performance.now()) < end && kinds.size < MAX_FINDINGS;) {
    const finding = await campaign.step();
    if (now > next) {
      next = now + REPORT_MS;
      tell();
    }
    if (finding === undefined) continue;
    const kind = toKind(new Error(finding.message));
    if (kinds.has(kind)) continue;
    kinds.add(kind);
    scope.postMessage({ finding });
  }
  tell();
}
