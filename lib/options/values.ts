import type { ParsedFlags } from "../cli/flags.ts";
import { parseCount, parseDuration, parseSize } from "../cli/units.ts";
import { UsageError } from "../errors.ts";

/** The values of flags, each read as what it is. */
export class FlagValues {
  readonly #values: ParsedFlags["values"];

  constructor({ values }: ParsedFlags) {
    this.#values = values;
  }

  has(name: string): boolean {
    return this.#values[name] !== undefined;
  }

  /** Whether a switch is on. */
  isOn(name: string): boolean {
    return this.#values[name] === true;
  }

  text(name: string): string | undefined {
    return this.#values[name] as string | undefined;
  }

  /** All values of a flag that is repeatable. */
  list(name: string): readonly string[] {
    return this.#values[name] as string[] | undefined ?? [];
  }

  /** All values of a flag, whether it is repeatable or not. */
  all(name: string): readonly string[] {
    const value = this.#values[name];
    return typeof value === "string" ? [value] : Array.isArray(value) ? value : [];
  }

  oneOf<T extends string>(name: string, values: readonly T[], or: T): T {
    const value = this.text(name) ?? or;
    if (!(values as readonly string[]).includes(value)) {
      throw new UsageError(`Cannot read '--${name} ${value}': give one of ${values.join(", ")}`);
    }
    return value as T;
  }

  count(name: string, range: { min?: number; max?: number } = {}): number | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : parseCount(text, `--${name}`, range);
  }

  /** Milliseconds, from 1. */
  duration(name: string): number | undefined {
    const text = this.text(name);
    const ms = text === undefined ? undefined : parseDuration(text, `--${name}`);
    if (ms !== undefined && ms < 1) {
      throw new UsageError(`Cannot use '--${name} ${text}': give 1ms or more`);
    }
    return ms;
  }

  size(name: string): number | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : parseSize(text, `--${name}`);
  }
}
