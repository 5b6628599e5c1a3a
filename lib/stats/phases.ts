/**
 * The phases of a request.
 *
 * @module
 */

/**
 * What a response waits for, in this order: the look-up of the name, the connection, the TLS
 * handshake, and the head. The first three are those of a new connection.
 */
export const PHASES = ["dns", "connect", "tls", "ttfb"] as const;

/** One of {@linkcode PHASES}. */
export type Phase = typeof PHASES[number];

/** What each is called where people read it. */
export const PHASE_TITLES: Readonly<Record<Phase, string>> = {
  dns: "name look-up",
  connect: "connection",
  tls: "TLS handshake",
  ttfb: "first byte",
};

/** Something of each phase; missing where nothing was measured. */
export type ByPhase<T> = { readonly [phase in Phase]?: T };

/** What is made of something of each phase; undefined leaves the phase out. */
export function mapPhases<T, U>(of: ByPhase<T>, make: (value: T) => U | undefined): ByPhase<U> {
  const all: { [phase in Phase]?: U } = {};
  for (const phase of PHASES) {
    const value = of[phase];
    const made = value === undefined ? undefined : make(value);
    if (made !== undefined) all[phase] = made;
  }
  return all;
}
