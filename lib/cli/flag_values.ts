import type { Flag } from "./flags.ts";
import type { Kind } from "./kinds.ts";

type OneValue<Row extends Flag> = Row extends { kind: Kind<infer T> } ? T : string;

/** The type of a flag's value, by its row. */
export type FlagValue<Row extends Flag> = Row extends { repeatable: true }
  ? readonly OneValue<Row>[]
  : Row extends { value: string }
    ? Row extends { default: string } ? OneValue<Row> : OneValue<Row> | undefined
  : Row extends { optionalValue: string } ? OneValue<Row> | boolean
  : boolean;

/** What is given for a flag: its text; `true` for a switch without a value. */
export type GivenValue = string | true;

/** One flag as it is given, by its long name. */
export type GivenFlag = readonly [name: string, value: GivenValue];

/** What a command line gives. */
export class FlagValues<Row extends Flag = Flag> {
  readonly flags: readonly Row[];
  /** The arguments that belong to no flag. */
  readonly positionals: readonly string[];
  /** All flags that are given, in the order in which they were written. */
  readonly all: readonly GivenFlag[];
  readonly #given: ReadonlyMap<string, readonly GivenValue[]>;

  constructor(
    flags: readonly Row[],
    given: readonly GivenFlag[],
    positionals: readonly string[],
  ) {
    this.flags = flags;
    this.positionals = positionals;
    this.all = given;
    const byName = Map.groupBy(given, ([name]) => name);
    this.#given = new Map(byName.entries().map(([name, all]) => [name, all.map(([, it]) => it)]));
  }

  /** These values, and those of others for the flags that are not given here. */
  or(others: FlagValues<Row>): FlagValues<Row> {
    return new FlagValues(
      this.flags,
      [...others.all.filter(([name]) => !this.has(name)), ...this.all],
      this.positionals.length > 0 ? this.positionals : others.positionals,
    );
  }

  /** Whether a flag is given. */
  has(name: Row["name"]): boolean {
    return this.#given.has(name);
  }

  /** Whether a flag is given, with a value that does not turn it off. */
  isOn(name: Row["name"]): boolean {
    const flag = this.#find(name);
    return this.has(name) &&
      (flag.off === undefined || this.#read(flag) !== readOne(flag, flag.off));
  }

  /** What is given for a flag, as it is written. */
  given(name: Row["name"]): readonly GivenValue[] {
    return this.#given.get(name) ?? [];
  }

  /** The texts that are given for a flag. */
  texts(name: Row["name"]): readonly string[] {
    return this.given(name).filter((value) => value !== true);
  }

  /**
   * The value of a flag, or its default.
   *
   * @throws {UsageError} If the text that is given is not of its kind.
   */
  get<Name extends Row["name"]>(name: Name): FlagValue<Extract<Row, { name: Name }>> {
    return this.#read(this.#find(name)) as FlagValue<Extract<Row, { name: Name }>>;
  }

  #find(name: string): Row {
    return this.flags.find((flag) => flag.name === name)!;
  }

  #read(flag: Row): unknown {
    const given = this.given(flag.name);
    const read = (value: GivenValue): unknown => value === true || readOne(flag, value);
    if (flag.repeatable) return given.map(read);
    if (given.length > 0) return read(given[0]);
    if (flag.default !== undefined) return readOne(flag, flag.default);
    return flag.value === undefined ? false : undefined;
  }
}

function readOne({ name, kind }: Flag, text: string): unknown {
  return kind === undefined ? text : kind.read(text, `--${name}`);
}
