import { formatBar, type Limit } from "../bar.ts";
import type { Size } from "../display.ts";
import { errors } from "./errors.ts";
import { hosts } from "./hosts.ts";
import { latencies } from "./latencies.ts";
import { formatLine } from "./line.ts";
import { notices } from "./notices.ts";
import { phases } from "./phases.ts";
import { bottleneck, costs } from "./process.ts";
import { statuses } from "./statuses.ts";
import { steps } from "./steps.ts";
import { trends } from "./trends.ts";
import type { Section, SectionFactory, View } from "./view.ts";
import { workers } from "./workers.ts";

/** The sections below the bar, from top to bottom. */
const ORDER: readonly SectionFactory[] = [
  notices,
  bottleneck,
  workers,
  steps,
  trends,
  latencies,
  phases,
  statuses,
  errors,
  hosts,
  costs,
];
/** The most important first: if there are too few lines, the last are left out. */
const NEEDED: readonly SectionFactory[] = [
  notices,
  bottleneck,
  workers,
  steps,
  trends,
  errors,
  statuses,
  costs,
];
/** The same of sections that need room besides those and all curves. */
const WANTED: readonly SectionFactory[] = [latencies, hosts, phases];

/** A run at a moment, and its last minutes. */
export interface Scene extends Omit<View, "cells"> {
  readonly limit?: Limit | undefined;
}

/**
 * The live view as lines, without line feeds. One column and one row of the terminal are left free,
 * so that nothing wraps and nothing scrolls, whatever text it shows. If there are few rows, sections
 * give lines up before the least important ones are left out.
 */
export function formatFrame(
  scene: Scene,
  { columns, rows }: Size,
  { color }: { color: boolean },
): string[] {
  const cells = Math.max(0, columns - 1);
  const view: View = { ...scene, cells };
  const { snapshot, rate, limit } = scene;
  const bar = formatBar(snapshot, rate, { columns, color, limit, isHead: true });
  const lines = [bar];
  const { sections, hasGaps } = choose(view, rows - 1 - lines.length);
  for (const { section, most } of sections) {
    if (hasGaps) lines.push("");
    for (const line of section.draw(most)) lines.push(formatLine(line, cells, color));
  }
  return lines.slice(0, Math.max(0, rows - 1));
}

interface Chosen {
  readonly section: Section;
  /** Lines that it may draw. */
  most: number;
}

/** Chooses the sections to show, the lines of each, and whether empty lines go between them. */
function choose(view: View, lines: number): { sections: readonly Chosen[]; hasGaps: boolean } {
  let room = lines;
  const chosen = new Map<SectionFactory, Chosen>();
  const take = (create: SectionFactory): void => {
    const section = create(view);
    if (section === undefined || section.least > room) return;
    chosen.set(create, { section, most: section.least });
    room -= section.least;
  };
  NEEDED.forEach(take);
  room = grow(chosen.get(trends), Infinity, room);
  WANTED.forEach(take);
  const all = [...NEEDED, ...WANTED].flatMap((create) => chosen.get(create) ?? []);
  for (let before = -1; room !== before;) {
    before = room;
    for (const one of all) room = grow(one, 1, room);
  }
  return {
    sections: ORDER.flatMap((create) => chosen.get(create) ?? []),
    hasGaps: room >= chosen.size,
  };
}

/** Gives a section some of the lines. @returns the lines that are left */
function grow(chosen: Chosen | undefined, by: number, room: number): number {
  if (chosen === undefined) return room;
  const more = Math.min(by, room, chosen.section.most - chosen.most);
  chosen.most += more;
  return room - more;
}
