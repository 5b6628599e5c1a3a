import { assertEquals } from "@std/assert";
import {
  haveCommon,
  isRuns,
  listNumbers,
  RunBuilder,
  splitRuns,
  subtractRuns,
} from "../../lib/cluster/number_runs.ts";
import { generator } from "../fixtures/random_json.ts";

/** Runs of some of the first 30 numbers of a step. */
function draw(random: (below: number) => number, step: number): number[] {
  const builder = new RunBuilder(step);
  const keeps = 1 + random(9);
  for (let k = 0; k < 30; k++) if (random(keeps) === 0) builder.add(1 + k * step);
  return builder.runs;
}

Deno.test("haveCommon() says whether a number is in both", () => {
  const random = generator(5);
  for (let k = 0; k < 2_000; k++) {
    const step = 1 + random(3);
    const [a, b] = [draw(random, step), draw(random, step)];
    const numbers = new Set(listNumbers(a, step));
    const expected = [...listNumbers(b, step)].some((i) => numbers.has(i));
    assertEquals(haveCommon(a, b, step), expected, JSON.stringify({ a, b, step }));
  }
});

Deno.test("isRuns() takes what RunBuilder makes, and no number twice", () => {
  const random = generator(6);
  for (let k = 0; k < 2_000; k++) {
    const step = 1 + random(3);
    const runs = draw(random, step);
    assertEquals(isRuns(runs, 30, step), true);
    if (runs.length === 0) continue;
    const place = random(runs.length / 2) * 2;
    const twice = [...runs.slice(0, place + 2), runs[place], 1, ...runs.slice(place + 2)];
    assertEquals(isRuns(twice, 30, step), false, JSON.stringify(twice));
  }
  assertEquals(isRuns([0, 1, 2, 1], 1), false);
  assertEquals(isRuns([0, 2, 1, 1], 9, 3), false);
});

Deno.test("subtractRuns() leaves the numbers that are not among the others", () => {
  const random = generator(7);
  for (let k = 0; k < 2_000; k++) {
    const step = 1 + random(3);
    const all = draw(random, step);
    const some = new RunBuilder(step);
    const rest = new RunBuilder(step);
    const keeps = 1 + random(4);
    for (const i of listNumbers(all, step)) (random(keeps) === 0 ? some : rest).add(i);
    const left = subtractRuns(all, some.runs, step)!;
    assertEquals([...listNumbers(left, step)], [...listNumbers(rest.runs, step)]);
    const strange = draw(random, step);
    const numbers = new Set(listNumbers(all, step));
    const isPart = [...listNumbers(strange, step)].every((i) => numbers.has(i));
    assertEquals(subtractRuns(all, strange, step) !== undefined, isPart, `${all} - ${strange}`);
  }
});

Deno.test("subtractRuns() refuses runs that do not ascend, or lie between the numbers", () => {
  for (
    const others of [[1], [0, 0], [0, -1], [0, 1, 0, 1], [4, 1, 2, 1], [1, 1], [0, 1.5], [0.5, 1]]
  ) {
    assertEquals(subtractRuns([0, 9], others, 2), undefined, `${others}`);
  }
});

Deno.test("splitRuns() gives lists of so many runs at most", () => {
  assertEquals(splitRuns([0, 1, 5, 2, 9, 1], 2), [[0, 1, 5, 2], [9, 1]]);
  assertEquals(splitRuns([0, 1], 1), [[0, 1]]);
  assertEquals(splitRuns([], 2), []);
});
