import { type Bench, type Context, isWanted, scaled } from "../bench.ts";
import { Interrupted } from "../meter.ts";
import { TRIALS } from "../laboratory/conditions/conditions.ts";
import { type Condition, DEFAULT_CONCURRENCY, DEFAULT_REQUESTS } from "../laboratory/condition.ts";
import type { Client } from "../laboratory/client.ts";
import { Laboratory } from "../laboratory/laboratory.ts";
import { findLaboratoryClients } from "../laboratory/peers/clients.ts";
import { Overview } from "../laboratory/overview.ts";
import { type Outcome, runRow } from "../laboratory/row.ts";
import { SITE_KINDS } from "../laboratory/servers/site_kinds.ts";
import type { Protocol, SiteKind } from "../laboratory/site.ts";
import { cell, grouped, markdownCell, NOT_MEASURED, printTable } from "../table.ts";

/** Whether a network, a name server or a server that fails makes a client lose a request. */
export const laboratory: Bench = {
  measures: "requests lost, sent twice and wrongly reported by real servers over bad networks, " +
    "beside peers; --only takes parts of the names of conditions, servers, protocols and clients",
  minutes: 60,
  onlyByName: "it needs root",
  async run(context) {
    const lack = await Laboratory.findLack();
    if (lack !== undefined) {
      console.log(`\nlaboratory is skipped: ${lack}`);
      return;
    }
    await using machines = await Laboratory.open(context.servers.directory);
    const clients = await findLaboratoryClients();
    const sites = await findSites();
    console.log(`\n${clients.map(({ name, version }) => `${name} ${version}`).join(", ")}`);
    const tables = new Tables(context, machines, clients);
    for (const { condition, sites: names } of TRIALS) {
      const kinds = condition.site === undefined
        ? sites.filter(({ name }) => names.includes(name))
        : [condition.site];
      for (const site of kinds) {
        for (const protocol of condition.protocols ?? ["http", "h2"]) {
          if (site.protocols.includes(protocol)) await tables.print(condition, site, protocol);
        }
      }
    }
    tables.overview.print();
  },
};

/** The servers that are installed; says which are, and which are missing. */
async function findSites(): Promise<readonly SiteKind[]> {
  const versions = await Promise.all(SITE_KINDS.map((kind) => kind.version()));
  const found = SITE_KINDS.filter((_, k) => versions[k] !== undefined);
  const missing = SITE_KINDS.filter((_, k) => versions[k] === undefined);
  console.log(
    `\n${
      SITE_KINDS.flatMap(({ name }, k) => versions[k] === undefined ? [] : `${name} ${versions[k]}`)
        .join(", ")
    }`,
  );
  if (missing.length > 0) {
    console.log(`\nNot installed, and skipped: ${missing.map(({ name }) => name).join(", ")}`);
  }
  return found;
}

/** A table for each condition, server and protocol, of those that the command line names. */
class Tables {
  readonly #context: Context;
  readonly #laboratory: Laboratory;
  readonly #clients: readonly Client[];
  readonly overview = new Overview();

  constructor(context: Context, laboratory: Laboratory, clients: readonly Client[]) {
    this.#context = context;
    this.#laboratory = laboratory;
    this.#clients = clients;
  }

  async print(condition: Condition, site: SiteKind, protocol: Protocol): Promise<void> {
    const clients = this.#clients.filter(({ name, protocols, hasRetries, hasPauses }) =>
      protocols.includes(protocol) && (hasRetries || (condition.retries ?? 0) === 0) &&
      (hasPauses || condition.pauseSeconds === undefined) &&
      isWanted(`${condition.name} ${site.name} ${protocol} ${name}`, this.#context)
    );
    if (clients.length === 0) return;
    const { meter } = this.#context;
    const requests = scaled(condition.requests ?? DEFAULT_REQUESTS, this.#context, 100);
    const title = `${condition.name}: ${site.name}, ${protocol}`;
    const rows: string[][] = [];
    for (const client of clients) {
      console.error(`${title}: ${client.name}`);
      const laboratory = this.#laboratory;
      try {
        const given = { laboratory, meter, condition, site, protocol, client, requests };
        const outcome = await runRow(given);
        rows.push(toCells(outcome));
        this.overview.add(condition.name, `${site.name}, ${protocol}`, outcome);
      } catch (error) {
        if (error instanceof Interrupted) throw error;
        const message = markdownCell((error as Error).message);
        rows.push([client.name, ...TITLES.slice(2).map(() => NOT_MEASURED), message]);
      }
    }
    console.log(
      `\n${title}, ${grouped(requests)} requests, ${
        condition.concurrency ?? DEFAULT_CONCURRENCY
      } in flight\n`,
    );
    printTable(TITLES, rows);
  }
}

const TITLES = [
  "client",
  "answered",
  "ok",
  "failed",
  "lost",
  "sent twice",
  "ok, but not answered",
  "failed, but answered",
  "seconds",
  "recovery",
  "failures",
];

function toCells(outcome: Outcome): string[] {
  const { twice, wronglyOk, wronglyFailed, kinds, faults } = outcome;
  const failures = Object.entries(kinds).map(([kind, count]) => `${grouped(count)} ${kind}`);
  return [
    outcome.client,
    grouped(outcome.answered),
    grouped(outcome.ok),
    grouped(outcome.failed),
    grouped(outcome.lost),
    cell(twice, 0),
    cell(wronglyOk, 0),
    cell(wronglyFailed, 0),
    cell(outcome.seconds, 1),
    cell(outcome.recoverySeconds, 1, " s"),
    markdownCell([...faults, ...failures].join(", ")),
  ];
}
