import { dirname } from "node:path";
import { runCommand } from "../../meter.ts";
import { ProcessSite } from "../process_site.ts";
import { type LoggedRequest, PORTS, type Site, type SiteKind, type SiteOptions } from "../site.ts";
import { LINE_OF_NODE, type Place, type ServerRow, startNode } from "./server_rows.ts";

const BACKEND_PORT = 8080;
/** As the server of Node has it. */
const LARGE_BYTES = 300_000;

/** A server of the table. */
export function toSiteKind(name: string, row: ServerRow): SiteKind {
  const [command, pattern] = row.version;
  return {
    name,
    protocols: row.hasTls ? ["http", "https", "h2"] : ["http"],
    async version() {
      const output = await runCommand(command);
      return output === undefined ? undefined : pattern.exec(output.stdout + output.stderr)?.[1];
    },
    start: (options) => start(row, options),
  };
}

async function start(row: ServerRow, { laboratory, folder }: SiteOptions): Promise<Site> {
  // Most of them give up the rights of root, and read and write there.
  for (const parent of [laboratory.folder, dirname(folder)]) await Deno.chmod(parent, 0o711);
  await Deno.chmod(folder, 0o777);
  const { certificate: { chain, key } } = laboratory;
  const place: Place = { folder, backendPort: BACKEND_PORT, log: `${folder}/log` };
  const files = { crt: chain, key, pem: chain + key, conf: `${row.configure?.(place)}\n` };
  const bodies = { small: "Hello, World!", large: "n".repeat(LARGE_BYTES) };
  for (const [name, text] of Object.entries({ ...files, ...bodies })) {
    await Deno.writeTextFile(`${folder}/${name}`, text);
  }
  const host = laboratory.server;
  const backendLog = `${folder}/backend.log`;
  const backend = new ProcessSite({
    host,
    command: startNode({ folder, log: backendLog }, BACKEND_PORT, 0),
    ports: [BACKEND_PORT],
    log: backendLog,
    readLine: (line) => readLine(line, LINE_OF_NODE),
  });
  const { line, reload } = row;
  const site = new ProcessSite({
    host,
    command: row.command(place),
    // Caddy keeps its state there, and nothing else of this machine.
    env: { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
    ports: row.hasTls ? [PORTS.http, PORTS.h2] : [PORTS.http],
    log: place.log,
    stopSignal: row.stop,
    readLine(text) {
      const request = line === undefined ? undefined : readLine(text, line);
      // The server behind it logs those.
      return line === LINE_OF_NODE || !text.includes("/post/") ? request : undefined;
    },
    reload: reload === undefined
      ? undefined
      : typeof reload === "string"
      ? (pid) => Promise.resolve(Deno.kill(pid, reload))
      : async () => void await host.run(...reload(place)),
  });
  const pair = new PairedSite(site, backend);
  try {
    await backend.start();
    await site.start();
  } catch (error) {
    await pair.stop();
    throw error;
  }
  return pair;
}

/** @param pattern of {@linkcode ServerRow.line} */
function readLine(text: string, pattern: RegExp): LoggedRequest | undefined {
  const [, path, status, isCut] = pattern.exec(text) ?? [];
  const number = /\/(\d+)$/.exec(path ?? "")?.[1];
  if (number === undefined) return undefined;
  return { number: Number(number), status: Number(status), isWhole: isCut === undefined };
}

/** A server with one behind it, which stays when it is reloaded or restarted. */
class PairedSite implements Site {
  readonly reload: (() => Promise<void>) | undefined;
  readonly #front: ProcessSite;
  readonly #backend: ProcessSite;

  constructor(front: ProcessSite, backend: ProcessSite) {
    this.#front = front;
    this.#backend = backend;
    this.reload = front.reload;
  }

  restart(): Promise<void> {
    return this.#front.restart();
  }

  async stop(): Promise<void> {
    await this.#front.stop();
    await this.#backend.stop();
  }

  async countRequests(): Promise<number> {
    return await this.#front.countRequests() + await this.#backend.countRequests();
  }

  async forEachRequest(visit: (request: LoggedRequest) => void): Promise<void> {
    await this.#front.forEachRequest(visit);
    await this.#backend.forEachRequest(visit);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
