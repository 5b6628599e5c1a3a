/**
 * Checks of JSON that a file holds: whether each member is what the program writes there. A file
 * can be damaged, made by another program, or meant to do harm.
 *
 * @module
 */

/** The maximum number of members of a map, and of characters of a text. */
const MAX_MEMBERS = 1_000;
const MAX_CHARACTERS = 1_000;

/** Whether a value is as it should be. */
export type Check = (value: unknown) => boolean;

/** What each member of an object has to be, by name. */
export type Shape = Readonly<Record<string, Check>>;

/** A whole number from 0 to 2^53 - 1. */
export function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && value as number >= 0;
}

/** A whole number from 0. From 2^53 on it is the nearest one that a double can be. */
export function isSum(value: unknown): boolean {
  return Number.isInteger(value) && value as number >= 0;
}

/** A finite number from 0. */
export function isNumber(value: unknown): boolean {
  return Number.isFinite(value) && value as number >= 0;
}

/** A text of at most 1,000 characters. */
export function isText(value: unknown): value is string {
  return typeof value === "string" && value.length <= MAX_CHARACTERS;
}

/** `true` or `false`. */
export function isBoolean(value: unknown): value is boolean {
  return typeof value === "boolean";
}

/** Null, or what passes the check. */
export function orNull(check: Check): Check {
  return (value) => value === null || check(value);
}

/** An object, and neither null nor a list. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An object of at most 1,000 members, of which each name and each value passes a check. */
export function isMap(check: Check, isName: (name: string) => boolean = () => true): Check {
  return (value) =>
    isObject(value) && Object.keys(value).length <= MAX_MEMBERS &&
    Object.entries(value).every(([name, member]) => isText(name) && isName(name) && check(member));
}

/** A list of at most so many values, of which each passes the check. */
export function isList(check: Check, max: number): Check {
  return (value) => Array.isArray(value) && value.length <= max && value.every(check);
}

/** An object with all required members; the optional ones may be missing, and others may be there. */
export function isShape(required: Shape, optional: Shape = {}): Check {
  return (value) => isObject(value) && findWrongMember(value, required, optional) === undefined;
}

/** The name of the first member that is missing or wrong; undefined if there is no such member. */
export function findWrongMember(
  value: Readonly<Record<string, unknown>>,
  required: Shape,
  optional: Shape = {},
): string | undefined {
  const isWrong = ([name, check]: [string, Check]): boolean =>
    Object.hasOwn(value, name) ? !check(value[name]) : Object.hasOwn(required, name);
  return Object.entries({ ...required, ...optional }).find(isWrong)?.[0];
}
