/** Finds the value for a placeholder; `""` is the name of `{}`. Undefined where it is missing. */
export type Lookup = (name: string) => string | undefined;
