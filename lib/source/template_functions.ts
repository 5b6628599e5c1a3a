/**
 * What a placeholder can compute, apart from what a record has: `{uuid}`, `{random:1-100}`, `{now}`,
 * `{i:08}`, and filters such as `{name|lower}`. A field of the record with that very name comes
 * first.
 *
 * What is drawn depends on the seed of the run, on the number of the request and on what stands
 * between the braces, and on nothing else. So a retry, a resumed run and another thread or machine
 * make the same request again, and the same placeholder has one value in all places of a request.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { drawShare, drawUuid } from "./drawn_values.ts";
import type { Lookup } from "./lookup.ts";

/** What may be a function with arguments: the source of a regular expression. */
export const CALL = '(?:random|uuid|now|env):[^{}|"\\r\\n]*|i(?:\\+\\d+)?:[^{}|"\\s]*|i\\+\\d+';
/** What may be filters behind a name: the source of a regular expression. */
export const FILTERS = "(?:\\|[A-Za-z0-9]+)*";

/** A request whose templates are being filled in. */
class Call {
  /** Its number. */
  i = 0;
  /** Finds what its record has. */
  lookup: Lookup = () => undefined;
  readonly #clock: () => number;
  #nowMs: number | undefined;

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  begin(i: number, lookup: Lookup): void {
    this.i = i;
    this.lookup = lookup;
    this.#nowMs = undefined;
  }

  /** Milliseconds since 1970, the same for all of the request. */
  get nowMs(): number {
    return this.#nowMs ??= this.#clock();
  }
}

/** A value for a request; undefined where its record lacks what that takes. */
type Compute = (call: Call) => string | undefined;

/** A function: how its arguments are read. */
interface TemplateFunction {
  /** How it is written, for messages. */
  readonly use: string;
  /** Matches what stands between the braces. */
  readonly pattern: RegExp;
  /**
   * @param key of this placeholder, from the seed of the run
   * @returns undefined if the arguments make no sense together
   */
  compile(args: RegExpExecArray, key: Uint32Array): Compute | undefined;
}

const FORMATS = {
  iso: (ms) => new Date(ms).toISOString(),
  date: (ms) => new Date(ms).toISOString().slice(0, 10),
  unix: (ms) => `${Math.floor(ms / 1000)}`,
  ms: (ms) => `${ms}`,
} satisfies Record<string, (ms: number) => string>;

/** The functions. A label makes another value of a function that draws: `{uuid:second}`. */
const FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  random: {
    use: "{random:1-100}, or {random:1-100:LABEL} for another value",
    pattern: /^random:(\d{1,16})-(\d{1,16})(?::[\w.-]+)?$/,
    compile([, first, last], key) {
      const from = Number(first);
      const count = Number(last) - from + 1;
      if (count < 1 || !Number.isSafeInteger(Number(last))) return undefined;
      return ({ i }) => `${from + Math.floor(drawShare(i, key) * count)}`;
    },
  },
  uuid: {
    use: "{uuid}, or {uuid:LABEL} for another value",
    pattern: /^uuid(?::[\w.-]+)?$/,
    compile: (_, key) => ({ i }) => drawUuid(i, key),
  },
  now: {
    use: `{now}, or {now:FORMAT} with ${Object.keys(FORMATS).join(", ")}`,
    pattern: new RegExp(`^now(?::(${Object.keys(FORMATS).join("|")}))?$`),
    compile([, name = "iso"]) {
      const format = FORMATS[name as keyof typeof FORMATS];
      return ({ nowMs }) => format(nowMs);
    },
  },
  i: {
    use: "{i}, {i+1000}, {i:08} or {i+1000:08}",
    pattern: /^i(?:\+(\d{1,15}))?(?::0(\d{1,2}))?$/,
    compile: ([, plus = "0", width = "0"]) => {
      const [offset, length] = [Number(plus), Number(width)];
      return ({ i }) => formatSum(i, offset).padStart(length, "0");
    },
  },
  line: {
    use: "{line}",
    pattern: /^line$/,
    compile: () => ({ lookup }) => lookup(""),
  },
};

const encoder = new TextEncoder();

const FILTERS_BY_NAME: Readonly<Record<string, (value: string) => string>> = {
  lower: (value) => value.toLowerCase(),
  upper: (value) => value.toUpperCase(),
  trim: (value) => value.trim(),
  urlencode: (value) => encodeURIComponent(value.toWellFormed()),
  base64: (value) => encoder.encode(value).toBase64(),
};

/** The name of an environment variable, where a placeholder stands for one. */
const ENVIRONMENT = /^env:([A-Za-z_]\w*)$/;

/** What stands before the filters, and the filters. */
function splitFilters(name: string): [base: string, ...filters: string[]] {
  return name.split("|") as [string, ...string[]];
}

function findFunction(base: string): TemplateFunction | undefined {
  const [word] = /^[a-z]+/.exec(base) ?? [""];
  return Object.hasOwn(FUNCTIONS, word) ? FUNCTIONS[word] : undefined;
}

function compileFunction(base: string, key: Uint32Array): Compute | undefined {
  const found = findFunction(base);
  const args = found?.pattern.exec(base) ?? null;
  return args === null ? undefined : found!.compile(args, key);
}

/**
 * Checks a placeholder that looks as if it computed something.
 *
 * @throws {UsageError} If a filter does not exist, or a function has wrong arguments. They are not
 * repeated.
 */
export function checkCall(name: string): void {
  const [base, ...filters] = splitFilters(name);
  const fail = (shown: string, use: string): never => {
    throw new UsageError(
      `Cannot read the placeholder '${shown}': use ${use}; for braces as they are, write {{ and }}`,
    );
  };
  if (!filters.every((it) => Object.hasOwn(FILTERS_BY_NAME, it))) {
    fail("{…|…}", `one of the filters ${Object.keys(FILTERS_BY_NAME).join(", ")}`);
  }
  if (/^env:/.test(base)) {
    if (!ENVIRONMENT.test(base)) fail("{env:…}", "{env:NAME} with the name of a variable");
  } else if (
    /^(?:[a-z]+:|i\+)/.test(base) && compileFunction(base, new Uint32Array(8)) === undefined
  ) {
    const found = findFunction(base);
    if (found !== undefined) fail(`{${/^[a-z]+[:+]/.exec(base)![0]}…}`, found.use);
  }
}

/**
 * Whether a placeholder can be filled without a field of its own name.
 *
 * @param isThere whether records have a field of a name
 */
export function isComputed(name: string, isThere: (name: string) => boolean): boolean {
  const [base, ...filters] = splitFilters(name);
  if (!filters.every((it) => Object.hasOwn(FILTERS_BY_NAME, it))) return false;
  if (findFunction(base)?.pattern.test(base)) return true;
  return filters.length > 0 && (base === "" || isThere(base));
}

/** What a name stands for apart from its filters: what tells whether it is one of a secret. */
export function withoutFilters(name: string): string {
  return splitFilters(name)[0];
}

/** Whether a value is percent-encoded already. */
export function isPercentEncoded(name: string): boolean {
  return name.endsWith("|urlencode");
}

/** Whether a value is drawn: another one in each run. */
export function drawsValue(name: string): boolean {
  return /^(?:random:|uuid\b)/.test(name);
}

/** Whether a value depends on when the request is made. */
export function isTimed(name: string): boolean {
  return /^now\b/.test(name);
}

/** The variable that a placeholder stands for; undefined if it stands for something else. */
export function findVariable(name: string): string | undefined {
  return ENVIRONMENT.exec(withoutFilters(name))?.[1];
}

/** A value with the filters of a placeholder. */
export function applyFilters(name: string, value: string): string {
  const [, ...filters] = splitFilters(name);
  return filters.reduce((text, filter) => FILTERS_BY_NAME[filter](text), value);
}

/** What the placeholders of a run's templates compute. */
export class TemplateFunctions {
  readonly #computes: ReadonlyMap<string, Compute>;
  readonly #call: Call;

  /**
   * @param names what stands between the braces of the templates
   * @param seed the random part of the run
   * @returns undefined if none of them computes anything
   */
  static async open(
    names: Iterable<string>,
    seed: string,
    clock: () => number = Date.now,
  ): Promise<TemplateFunctions | undefined> {
    const computes = new Map<string, Compute>();
    for (const name of new Set(names)) {
      if (!isComputed(name, () => true)) continue;
      const [base] = splitFilters(name);
      const bytes = await crypto.subtle.digest("SHA-256", encoder.encode(`${seed} ${base}`));
      const value = compileFunction(base, new Uint32Array(bytes)) ?? (({ lookup }) => lookup(base));
      computes.set(name, (call) => {
        const text = value(call);
        return text === undefined ? undefined : applyFilters(name, text);
      });
    }
    return computes.size === 0 ? undefined : new TemplateFunctions(computes, clock);
  }

  private constructor(computes: ReadonlyMap<string, Compute>, clock: () => number) {
    this.#computes = computes;
    this.#call = new Call(clock);
  }

  /**
   * Finds values for one request. What it returns is valid until the next call.
   *
   * @param i its number
   * @param lookup finds what its record has
   */
  at(i: number, lookup: Lookup): Lookup {
    this.#call.begin(i, lookup);
    return this.#lookup;
  }

  readonly #lookup: Lookup = (name) =>
    this.#call.lookup(name) ?? this.#computes.get(name)?.(this.#call);
}

/** A sum with all of its digits, also above 2^53. */
function formatSum(a: number, b: number): string {
  const sum = a + b;
  return Number.isSafeInteger(sum) ? `${sum}` : `${BigInt(a) + BigInt(b)}`;
}
