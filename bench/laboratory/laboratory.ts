import { runCommand } from "../meter.ts";
import { type Certificate, makeCertificate } from "./certificate.ts";
import { Host } from "./host.ts";

/** What all namespaces of laboratories begin with; the process that made them follows. */
const PREFIX = "myriad-lab-";
/** The folder of the files that replace those of `/etc` in a namespace; iproute2 knows it. */
const NETNS_ETC = "/etc/netns";
/** Programs that a laboratory is made of, and their packages of Debian. */
const PROGRAMS: Readonly<Record<string, string>> = {
  ip: "iproute2",
  tc: "iproute2",
  ss: "iproute2",
  nft: "nftables",
  sysctl: "procps",
  openssl: "openssl",
};

/** How many addresses the server's machine has, of each family: so many hosts can be told apart. */
export const SERVER_ADDRESSES = 8;

/** The addresses of the server's machine, from 0; those of IPv6 stand without brackets. */
export const SERVER = {
  ipv4: Array.from({ length: SERVER_ADDRESSES }, (_, i) => `10.77.2.${10 + i}`),
  ipv6: Array.from({ length: SERVER_ADDRESSES }, (_, i) => `fd77:2::${10 + i}`),
} as const;

/** The name of the server's machine, where there is a name server. */
export const SERVER_NAME = "web.test";

/** The address of the router, for the client. */
export const ROUTER = "10.77.1.1";

/** An address of the same network as the server's, that no machine has. */
export const DEAD_ADDRESS = "10.77.2.200";

/**
 * Three machines in network namespaces, which reach each other and nothing else:
 *
 * ```text
 * client ── "eth0" 10.77.1.2 ──── "client" 10.77.1.1 ── router ── "server" 10.77.2.1 ──── "eth0" 10.77.2.10–17 ── server
 *                  fd77:1::2               fd77:1::1                       fd77:2::1              fd77:2::10–17
 * ```
 */
export class Laboratory implements AsyncDisposable {
  readonly client: Host;
  readonly router: Host;
  readonly server: Host;
  /** A folder for files of servers and clients. */
  readonly folder: string;
  #certificate: Certificate | undefined;

  /**
   * Why this machine cannot have a laboratory, in a sentence; undefined if it can.
   */
  static async findLack(): Promise<string | undefined> {
    if (Deno.build.os !== "linux") return "it needs network namespaces, which only Linux has";
    for (const [program, packageName] of Object.entries(PROGRAMS)) {
      if (await runCommand([program, "-V"]) === undefined) {
        return `it needs '${program}' of Debian's package ${packageName}`;
      }
    }
    if (Deno.uid() !== 0) return "it needs root, who may make network namespaces";
    const name = `${PREFIX}${Deno.pid}-probe`;
    const made = await runCommand(["ip", "netns", "add", name]);
    if (made?.code !== 0) return `it may not make a network namespace: ${made?.stderr.trim()}`;
    const filtered = await runCommand(["ip", "netns", "exec", name, "nft", "add table inet probe"]);
    await runCommand(["ip", "netns", "delete", name]);
    if (filtered?.code === 0) return undefined;
    return `nftables does not work in a namespace: ${filtered?.stderr.trim()}`;
  }

  /**
   * Makes the machines, after removing those of processes that were killed.
   *
   * @param folder where servers and clients may write; somebody else removes it
   * @throws {Error} If namespaces cannot be made; nothing of them is left then.
   */
  static async open(folder: string): Promise<Laboratory> {
    await sweep();
    const laboratory = new Laboratory(folder);
    try {
      await laboratory.#make();
      return laboratory;
    } catch (error) {
      await laboratory[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(folder: string) {
    this.folder = folder;
    const prefix = `${PREFIX}${Deno.pid}-`;
    this.client = new Host(`${prefix}client`);
    this.router = new Host(`${prefix}router`);
    this.server = new Host(`${prefix}server`);
  }

  /** What servers show over TLS, for their addresses. */
  get certificate(): Certificate {
    return this.#certificate!;
  }

  get #hosts(): readonly Host[] {
    return [this.client, this.router, this.server];
  }

  async #make(): Promise<void> {
    const names = [...SERVER.ipv4, ...SERVER.ipv6].map((address) => `IP:${address}`);
    this.#certificate = await makeCertificate(this.folder, [...names, `DNS:${SERVER_NAME}`]);
    const [client, router, server] = this.#hosts.map(({ name }) => name);
    for (const { etc } of this.#hosts) {
      await Deno.mkdir(etc, { recursive: true });
      await Deno.writeTextFile(`${etc}/resolv.conf`, "");
      await Deno.writeTextFile(`${etc}/hosts`, "127.0.0.1 localhost\n::1 localhost\n");
      await Deno.writeTextFile(`${etc}/nsswitch.conf`, "hosts: files dns\n");
    }
    const addresses = [
      ...SERVER.ipv4.map((address) => `${address}/24`),
      ...SERVER.ipv6
        .map((address) => `${address}/64`),
    ];
    const lines = [
      ...[client, router, server].flatMap((name) => [
        `ip netns add ${name}`,
        `ip -n ${name} link set lo up`,
      ]),
      `ip -n ${client} link add eth0 type veth peer name client netns ${router}`,
      `ip -n ${server} link add eth0 type veth peer name server netns ${router}`,
      `ip -n ${client} address add 10.77.1.2/24 dev eth0`,
      `ip -n ${client} address add fd77:1::2/64 dev eth0 nodad`,
      `ip -n ${router} address add 10.77.1.1/24 dev client`,
      `ip -n ${router} address add fd77:1::1/64 dev client nodad`,
      `ip -n ${router} address add 10.77.2.1/24 dev server`,
      `ip -n ${router} address add fd77:2::1/64 dev server nodad`,
      ...addresses.map((address) =>
        `ip -n ${server} address add ${address} dev eth0${address.includes(":") ? " nodad" : ""}`
      ),
      `ip -n ${client} link set eth0 up`,
      `ip -n ${server} link set eth0 up`,
      `ip -n ${router} link set client up`,
      `ip -n ${router} link set server up`,
      `ip -n ${client} route add default via 10.77.1.1`,
      `ip -n ${client} -6 route add default via fd77:1::1`,
      `ip -n ${server} route add default via 10.77.2.1`,
      `ip -n ${server} -6 route add default via fd77:2::1`,
      `ip netns exec ${router} sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1`,
    ];
    const made = await runCommand(["sh", "-ec", lines.join("\n")]);
    if (made?.code !== 0) throw new Error(`Cannot make a laboratory: ${made?.stderr.trim()}`);
  }

  /** Removes the machines, with their links, rules and settings, and ends what still runs there. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const { name } of this.#hosts) await remove(name);
  }
}

/** Removes the machines of processes that have ended. */
async function sweep(): Promise<void> {
  const listed = await runCommand(["ip", "netns", "list"]);
  const names = (listed?.stdout ?? "").split("\n").map((line) => line.split(" ")[0]);
  try {
    for await (const { name } of Deno.readDir(NETNS_ETC)) names.push(name);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  for (const name of new Set(names)) {
    const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1];
    if (pid !== undefined && !await isRunning(pid)) await remove(name);
  }
}

async function isRunning(pid: string): Promise<boolean> {
  try {
    await Deno.stat(`/proc/${pid}`);
    return true;
  } catch {
    return false;
  }
}

/** Removes a host that another process has made, with what still runs there. */
async function remove(name: string): Promise<void> {
  const host = new Host(name);
  // It would keep the namespace alive.
  await host.signal("SIGKILL");
  await runCommand(["ip", "netns", "delete", name]);
  await Deno.remove(host.etc, { recursive: true }).catch(() => {});
}
