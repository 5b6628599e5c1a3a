import { assert, assertEquals } from "@std/assert";
import { TerminalRegion } from "../../../lib/progress/live/terminal_region.ts";
import { Terminal, type TerminalKind } from "../../fixtures/terminal.ts";

const SIZE = { columns: 40, rows: 10 };

/** A terminal on which somebody else has written, and a painter. */
class Scene {
  readonly terminal: Terminal;
  readonly painter = new TerminalRegion();
  #others = 0;

  constructor(size = SIZE, kind?: TerminalKind) {
    this.terminal = new Terminal(size, kind);
  }

  other(): string {
    return `other ${this.#others++}`;
  }

  paint(lines: readonly string[]): void {
    this.terminal.write(this.painter.paint(lines, this.terminal.size));
  }

  /** As high as the terminal, as the live view is. */
  paintHigh(lines: readonly string[]): void {
    const missing = Math.max(0, this.terminal.rows - 1 - lines.length);
    this.paint([...lines, ...Array<string>(missing).fill("")]);
  }

  get others(): string[] {
    return Array.from({ length: this.#others }, (_, k) => `other ${k}`);
  }

  /** Asserts that the screen shows these lines, as high as it is, and nothing else. */
  showsHigh(lines: readonly string[]): void {
    const { rows } = this.terminal;
    this.shows([...lines, ...Array<string>(Math.max(0, rows - 1 - lines.length)).fill("")]);
  }

  /** Asserts that of all that was ever painted the screen shows these lines, and where. */
  shows(lines: readonly string[]): void {
    const { screen, cursor } = this.terminal;
    // deno-lint-ignore no-control-regex
    const plain = lines.map((line) => line.replace(/\x1b\[\d*m/g, ""));
    const first = cursor.row - plain.length;
    const shown = plain.slice(Math.max(0, -first));
    while (shown.at(-1) === "") shown.pop();
    assertEquals(screen.slice(Math.max(0, first)), shown);
    const above = screen.slice(0, Math.max(0, first));
    assert(above.every((line) => line.startsWith("other")), above.join("\n"));
    assertEquals(cursor.column, 0);
  }
}

const frameOf = (tag: string, lengths: readonly number[]): string[] =>
  lengths.map((length, k) => `${tag}.${k} `.padEnd(length, "x").slice(0, length));

Deno.test("TerminalRegion.paint() draws a frame over the last one, and rests below", () => {
  const scene = new Scene();
  scene.terminal.write(`${scene.other()}\r\n`);
  scene.paint(["a", "b", "c"]);
  scene.shows(["a", "b", "c"]);
  scene.paint(["a", "longer", "c"]);
  scene.shows(["a", "longer", "c"]);
  scene.paint(["short"]);
  scene.shows(["short"]);
  scene.paint(["1", "2", "3", "4", "5", "6", "7", "8", "9"]);
  scene.shows(["1", "2", "3", "4", "5", "6", "7", "8", "9"]);
  assertEquals(scene.terminal.everything.slice(0, 1), scene.others);
});

Deno.test("TerminalRegion.paint() writes only lines that differ", () => {
  const painter = new TerminalRegion();
  painter.paint(["same", "old", "same too"], SIZE);
  assertEquals(
    painter.paint(["same", "new", "same too"], SIZE),
    "\x1b[3A\r\nnew\x1b[K\r\n\r\n\x1b[J",
  );
  assertEquals(painter.paint(["same", "new", "same too"], SIZE), "");
});

Deno.test("TerminalRegion.paint() erases text that was typed below", () => {
  const scene = new Scene();
  scene.paint(["a", "b"]);
  scene.terminal.write("^C");
  scene.paint(["a", "c"]);
  scene.shows(["a", "c"]);
});

Deno.test("TerminalRegion.paint() leaves nothing behind when the terminal has narrowed", () => {
  const scene = new Scene();
  scene.terminal.write(`${scene.other()}\r\n`);
  scene.paintHigh(frameOf("old", [39, 1, 39]));
  scene.terminal.resize({ columns: 13, rows: 10 });
  scene.paintHigh(frameOf("new", [12, 12, 12]));
  scene.showsHigh(frameOf("new", [12, 12, 12]));
  assertEquals(scene.terminal.everything.slice(0, 1), scene.others);
});

Deno.test("TerminalRegion.paint() counts no cells for colors when lines wrap anew", () => {
  const scene = new Scene();
  scene.terminal.write(`${scene.other()}\r\n`);
  scene.paint([`\x1b[1m${"b".repeat(10)}\x1b[0m\x1b[32m${"g".repeat(9)}\x1b[0m`]);
  scene.terminal.resize({ columns: 20, rows: 10 });
  scene.paint(["new"]);
  scene.shows(["new"]);
  assertEquals(scene.terminal.everything, [...scene.others, "new"]);
});

for (const kind of ["reflows", "cuts"] as const) {
  Deno.test(`TerminalRegion.paint() leaves nothing when a terminal that ${kind} gets low and high`, () => {
    const scene = new Scene(SIZE, kind);
    for (let k = 0; k < 4; k++) scene.terminal.write(`${scene.other()}\r\n`);
    scene.paint(frameOf("high", Array(9).fill(30)));
    scene.terminal.resize({ columns: 40, rows: 4 });
    scene.paint(frameOf("low", [30, 30, 30]));
    scene.shows(frameOf("low", [30, 30, 30]));
    scene.paint(frameOf("low again", [30, 30]));
    scene.terminal.resize({ columns: 40, rows: 12 });
    scene.paint(frameOf("high again", Array(9).fill(30)));
    scene.shows(frameOf("high again", Array(9).fill(30)));
    assertEquals(scene.terminal.everything.slice(0, 4), scene.others);
  });
}

Deno.test("TerminalRegion.paint() recovers when the terminal narrows during a frame", () => {
  const scene = new Scene();
  scene.terminal.write(`${scene.other()}\r\n`);
  const late = scene.painter.paint(frameOf("late", [39, 39]), scene.terminal.size);
  scene.terminal.resize({ columns: 15, rows: 10 });
  scene.terminal.write(late);
  scene.paint(frameOf("new", [14]));
  scene.shows(frameOf("new", [14]));
  assertEquals(scene.terminal.everything.slice(0, 1), scene.others);
});

Deno.test("TerminalRegion.above() leaves a line above the frame", () => {
  const scene = new Scene();
  scene.paint(["a", "b"]);
  for (let k = 0; k < 20; k++) {
    const text = `${scene.other()}\n`;
    scene.terminal.write(scene.painter.above(text, scene.terminal.size));
    scene.shows(["a", "b"]);
  }
  scene.paint(["a", "c"]);
  scene.shows(["a", "c"]);
  assertEquals(scene.terminal.everything, [...scene.others, "a", "c"]);
});

Deno.test("TerminalRegion.above() writes a line without a frame, and after a resize", () => {
  const scene = new Scene();
  scene.terminal.write(scene.painter.above(`${scene.other()}\n`, scene.terminal.size));
  scene.paintHigh(frameOf("wide", [39, 39]));
  scene.terminal.resize({ columns: 50, rows: 10 });
  scene.terminal.write(scene.painter.above(`${scene.other()}\n`, scene.terminal.size));
  scene.paintHigh(frameOf("new", [39, 39]));
  scene.showsHigh(frameOf("new", [39, 39]));
  assertEquals(scene.terminal.everything.slice(0, 2), scene.others);
});

Deno.test("TerminalRegion.shrink() removes empty lines at the end, and text typed below", () => {
  const scene = new Scene();
  scene.terminal.write(`${scene.other()}\r\n`);
  scene.paintHigh(["a", "", "b"]);
  scene.terminal.write("^C");
  scene.terminal.write(scene.painter.shrink());
  scene.shows(["a", "", "b"]);
  assertEquals(scene.terminal.cursor.row, 3);
});

Deno.test("TerminalRegion.forget() leaves the frame, and the next one is drawn below", () => {
  const scene = new Scene();
  scene.paint(["other picture"]);
  scene.painter.forget();
  scene.terminal.write("other prompt\r\n");
  scene.paint(["new"]);
  scene.shows(["new"]);
  assertEquals(scene.terminal.everything, ["other picture", "other prompt", "new"]);
});

/** Numbers that look random, always the same (mulberry32). */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

Deno.test("TerminalRegion shows only the last frame after any events", () => {
  for (let seed = 0; seed < 300; seed++) {
    const random = randomNumbers(seed);
    const scene = new Scene({ columns: 10 + random(60), rows: 3 + random(20) });
    const steps: string[] = [];
    for (let k = random(30); k > 0; k--) scene.terminal.write(`${scene.other()}\r\n`);
    for (let step = 0; step < 30; step++) {
      const isQuiet = seed % 2 === 0;
      if (isQuiet && random(3) === 0) {
        scene.terminal.resize({ columns: 10 + random(60), rows: 3 + random(20) });
      }
      const { columns, rows } = scene.terminal;
      steps.push(`${columns}x${rows}`);
      const lengths = Array.from({ length: 1 + random(rows - 1) }, () => random(columns));
      const frame = frameOf(`${step}`, lengths).map((line) => line.trimEnd());
      if (!isQuiet && random(3) === 0) {
        scene.terminal.write(scene.painter.above(`${scene.other()}\n`, scene.terminal.size));
      }
      scene.paintHigh(frame);
      try {
        scene.showsHigh(frame);
      } catch (error) {
        throw new Error(`seed ${seed}, ${steps.join(" ")}: ${(error as Error).message}`);
      }
    }
    const lines = scene.terminal.everything.filter((line) => line.startsWith("other"));
    assertEquals(lines, scene.others, `seed ${seed}: others' lines are lost`);
  }
});
