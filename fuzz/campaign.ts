import process from "node:process";
import { Dice } from "../tests/fixtures/dice.ts";
import { Coverage, TooManySteps } from "./coverage.ts";
import { minimise } from "./minimise.ts";
import { mutate, type Sources } from "./mutate.ts";
import { BrokenProperty, computeMaxSteps, type FuzzTarget, MAX_INPUT_BYTES } from "./target.ts";

/** The maximum number of inputs that others are made from; a random one makes room. */
const MAX_CORPUS = 4_000;
/** The maximum number of outcomes that are compared to those of the same inputs later. */
const MAX_KNOWN = 200;
/** One input of so many is read again, to compare its outcome. */
const AGAIN = 50;
/**
 * An input that takes longer each time it is read takes too long, in milliseconds of the processor:
 * what runs without branches, such as a pattern, takes no steps.
 */
function computeMaxMs(bytes: number): number {
  return 300 + bytes / 20;
}

/** An input for which something does not hold. */
export interface Finding {
  /** What does not hold, in words. */
  readonly message: string;
  /** The shortest such input that was found. */
  readonly input: Uint8Array;
  readonly stack: string;
}

/** Options for a {@linkcode Campaign}. */
export interface CampaignOptions {
  readonly seed: number;
  /** Called before each input is read, so that it is known if it never ends. */
  readonly onInput?: (input: Uint8Array) => void;
}

/**
 * Reads inputs that are made of others, and keeps those that take other branches. Without
 * instrumented code there are no branches, and all are made of the first ones.
 */
export class Campaign {
  readonly #target: FuzzTarget;
  readonly #dice: Dice;
  readonly #sources: Sources;
  readonly #onInput: (input: Uint8Array) => void;
  readonly #coverage = new Coverage();
  /** At most `MAX_CORPUS`. */
  readonly #corpus: Uint8Array[];
  /** Inputs with their outcomes, at most `MAX_KNOWN`. */
  readonly #known: { readonly input: Uint8Array; readonly outcome: string }[] = [];
  #seedsLeft: number;
  /** How many inputs were read. */
  runs = 0;
  /** The maximum of the steps that an input took, for a byte of it. */
  mostSteps = 0;

  constructor(target: FuzzTarget, { seed, onInput = () => {} }: CampaignOptions) {
    this.#target = target;
    this.#onInput = onInput;
    this.#dice = new Dice(seed);
    const encoder = new TextEncoder();
    this.#corpus = target.seeds.map((text) =>
      typeof text === "string" ? encoder.encode(text) : text
    );
    this.#seedsLeft = this.#corpus.length;
    this.#sources = {
      dice: this.#dice,
      inputs: this.#corpus,
      tokens: (target.tokens ?? []).map((token) =>
        Uint8Array.from(token, (character) => character.charCodeAt(0))
      ),
      maxBytes: target.maxBytes ?? MAX_INPUT_BYTES,
    };
  }

  get branches(): number {
    return this.#coverage.branches;
  }

  get corpusSize(): number {
    return this.#corpus.length;
  }

  /** Reads one more input. @returns what does not hold for it, if anything */
  async step(): Promise<Finding | undefined> {
    const dice = this.#dice;
    if (this.#known.length > 0 && dice.below(AGAIN) === 0) return await this.#readAgain();
    const isSeed = this.#seedsLeft > 0;
    const input = isSeed
      ? this.#corpus[this.#seedsLeft - 1]
      : mutate(this.#choose(), this.#sources);
    let outcome: string;
    try {
      outcome = await this.read(input);
    } catch (error) {
      this.#coverage.end();
      return await this.#report(input, error);
    } finally {
      if (isSeed) this.#seedsLeft--;
    }
    const isNew = this.#coverage.end();
    if ((!isNew && this.#known.length > 0) || isSeed) return undefined;
    this.#keep(input, outcome);
    return undefined;
  }

  /** Half of the time one of the latest. */
  #choose(): Uint8Array {
    const { length } = this.#corpus;
    const from = this.#dice.below(2) === 0 ? 0 : Math.floor(length * 0.8);
    return this.#corpus[from + this.#dice.below(length - from)];
  }

  #keep(input: Uint8Array, outcome: string): void {
    const corpus = this.#corpus;
    if (corpus.length < MAX_CORPUS) corpus.push(input);
    else corpus[this.#dice.below(MAX_CORPUS)] = input;
    const known = { input, outcome };
    if (this.#known.length < MAX_KNOWN) this.#known.push(known);
    else this.#known[this.#dice.below(MAX_KNOWN)] = known;
  }

  /** Nothing of the inputs in between may show. */
  async #readAgain(): Promise<Finding | undefined> {
    const { input, outcome } = this.#dice.of(this.#known);
    const again = await this.read(input);
    this.#coverage.end();
    if (again === outcome) return undefined;
    const message = `the same input gives another outcome later: ${again} instead of ${outcome}`;
    return { message: message.slice(0, 1_000), input, stack: "" };
  }

  /** Reads an input. @throws {unknown} What does not hold. */
  async read(input: Uint8Array): Promise<string> {
    this.runs++;
    this.#onInput(input);
    const { maxSteps = computeMaxSteps } = this.#target;
    // What is made once, such as tables, is made for the first ones.
    const most = this.#seedsLeft > 0 ? Infinity : maxSteps(input.length);
    const start = performance.now();
    this.#coverage.begin(most);
    const outcome = await this.#target.run(input.slice());
    const { steps } = this.#coverage;
    if (steps > most) throw new TooManySteps(`more than ${most} steps`);
    this.mostSteps = Math.max(this.mostSteps, steps / Math.max(64, input.length));
    if (performance.now() - start > computeMaxMs(input.length) && most < Infinity) {
      await this.#measureAgain(input);
    }
    return outcome;
  }

  /** Others may have had the processor. */
  async #measureAgain(input: Uint8Array): Promise<void> {
    let least = Infinity;
    for (let k = 0; k < 3; k++) {
      const start = process.cpuUsage();
      this.#coverage.begin(Infinity);
      await this.#target.run(input.slice());
      const { user, system } = process.cpuUsage(start);
      least = Math.min(least, (user + system) / 1_000);
    }
    const most = computeMaxMs(input.length);
    if (least > most) throw new BrokenProperty(`it takes more than ${most} ms`);
  }

  async #report(input: Uint8Array, error: unknown): Promise<Finding> {
    const kind = toKind(error);
    const shortest = await minimise(input, async (shorter) => {
      try {
        await this.read(shorter);
        return false;
      } catch (error) {
        return toKind(error) === kind;
      }
    });
    const { message, stack = "" } = await this.read(shortest).then(
      () => error as Error,
      (error) => error as Error,
    );
    this.#coverage.end();
    return { message: `${(error as Error).name}: ${message}`, input: shortest, stack };
  }
}

/** What two findings have in common that are the same: the text before any value. */
export function toKind(error: unknown): string {
  const { name, message } = error as Error;
  return `${name}: ${message.split(":")[0].replace(/\d+/g, "N")}`;
}
