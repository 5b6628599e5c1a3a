import { NOT_MEASURED, printTable } from "../table.ts";
import type { Outcome } from "./row.ts";

/** What a client did not tell. */
const UNKNOWN = "?";

/**
 * For each condition that several servers were met with, a table of a row for each of them and a
 * column for each client: the requests that the client got no answer to, those that the server got
 * twice, and those of which the client says nothing, or that they were answered when they were not.
 */
export class Overview {
  /** Cells by condition, by server, by client; bounded by the rows of the run. */
  readonly #cells = new Map<string, Map<string, Map<string, string>>>();

  add(condition: string, server: string, outcome: Outcome): void {
    const servers = getOrAdd(this.#cells, condition);
    getOrAdd(servers, server).set(outcome.client, toCell(outcome));
  }

  print(): void {
    for (const [condition, servers] of this.#cells) {
      if (servers.size < 2) continue;
      const clients = [...new Set([...servers.values()].flatMap((row) => [...row.keys()]))];
      console.log(`\n${condition}: not answered / sent twice / wrongly reported\n`);
      printTable(
        ["server", ...clients],
        [...servers].map(([server, row]) => [
          server,
          ...clients.map((client) => row.get(client) ?? NOT_MEASURED),
        ]),
      );
    }
  }
}

function toCell({ failed, lost, twice, wronglyOk }: Outcome): string {
  const wrong = wronglyOk === undefined ? UNKNOWN : wronglyOk + lost;
  return `${failed + lost} / ${twice ?? UNKNOWN} / ${wrong}`;
}

function getOrAdd<V>(map: Map<string, Map<string, V>>, key: string): Map<string, V> {
  let value = map.get(key);
  if (value === undefined) map.set(key, value = new Map());
  return value;
}
