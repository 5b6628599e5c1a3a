import { runCommand } from "../meter.ts";
import { MAX_BEFORE_8_16 } from "../peers/curl.ts";
import { NATIVE, PORTABLE } from "../peers/myriad.ts";
import { myriadCommand, projectPath } from "../root.ts";

/** A client that requests a list of URLs. */
export interface ListClient {
  readonly name: string;
  /**
   * @param list a file with a URL a line
   * @param directory for what the client cannot but write
   */
  command(list: string, concurrency: number, directory: string): string[];
}

/** curl takes a list only as its configuration, where each URL has an output of its own. */
const CURL = 'sed "s|.*|url = &\\noutput = /dev/null|" "$1" | ' +
  'curl -s --parallel --parallel-immediate --parallel-max "$2" -K -';

/** `myriad`, and all other clients that are installed; says which are missing. */
export async function findListClients(): Promise<ListClient[]> {
  const clients: ListClient[] = [
    ...[PORTABLE, NATIVE].map(({ name, flags, permissions }): ListClient => ({
      name: `myriad, ${name} sockets`,
      command: (list, c) =>
        myriadCommand(["-s", ...flags, "-i", list, "-c", `${c}`], {
          permissions: [...permissions, "--allow-read"],
        }),
    })),
  ];
  const aiohttp = ["/usr/bin/python3", "-c", "import aiohttp, aiodns; print(aiohttp.__version__)"];
  const others: readonly [test: string[], client: ListClient][] = [
    [aiohttp, {
      name: "aiohttp with aiodns",
      command: (list, c) => [
        ...["/usr/bin/python3", "-B", projectPath("bench/python/url_list.py"), list, `${c}`],
      ],
    }],
    [["curl", "--parallel", "--version"], {
      name: "curl --parallel",
      command: (list, c) => [
        ...["sh", "-c", CURL, "sh", list, `${Math.min(c, MAX_BEFORE_8_16)}`],
      ],
    }],
    [["wget2", "--version"], {
      name: "wget2",
      command: (list, c) => [
        ...["wget2", "-q", "-O", "/dev/null", "--no-robots", "--tries=1"],
        ...[`--max-threads=${c}`, "-i", list],
      ],
    }],
    [["aria2c", "--version"], {
      name: "aria2",
      command: (list, c, directory) => [
        ...["aria2c", "-q", "-i", list, "-j", `${c}`, "-d", directory],
        ...["--max-tries=1", "--file-allocation=none", "--allow-overwrite=true", "--no-conf"],
      ],
    }],
  ];
  const missing: string[] = [];
  for (const [test, client] of others) {
    const output = await runCommand(test);
    if (output?.code !== 0) missing.push(client.name);
    else clients.push(client);
  }
  if (missing.length > 0) console.log(`\nNot installed, and skipped: ${missing.join(", ")}`);
  return clients;
}
