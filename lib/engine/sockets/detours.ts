/**
 * Connections that lead elsewhere than the URL says. The requests stay as they are: their `Host`, the
 * name that TLS asks for and checks, cookies.
 *
 * @module
 */
import { formatAuthority, readEndpoint } from "../../http/url.ts";
import { readIpVersion } from "../../http/ip_version.ts";
import type { ConnectToRule, Endpoint, ResolveRule } from "../options.ts";
import type { Address } from "../names/name_lookup.ts";

/** The rules of `--connect-to` and `--resolve`, as curl has them. */
export class Detours {
  readonly #connectTo: readonly ConnectToRule[];
  /** The addresses by host and port; those for any host have the host `*`. */
  readonly #addresses: ReadonlyMap<string, readonly Address[]>;

  /**
   * @returns undefined without any rule, so that nothing needs to be looked up
   */
  static of(
    { resolve = [], connectTo = [] }: {
      readonly resolve?: readonly ResolveRule[] | undefined;
      readonly connectTo?: readonly ConnectToRule[] | undefined;
    },
  ): Detours | undefined {
    return resolve.length + connectTo.length === 0 ? undefined : new Detours(resolve, connectTo);
  }

  private constructor(resolve: readonly ResolveRule[], connectTo: readonly ConnectToRule[]) {
    this.#connectTo = connectTo;
    // Of two rules for the same host and port, the later one counts.
    this.#addresses = new Map(resolve.map(({ hostname = "*", port, addresses }) => [
      `${hostname}:${port}`,
      addresses.map((address) => ({ address, family: readIpVersion(address) })),
    ]));
  }

  /**
   * Where the connections to a host and a port go.
   *
   * @returns undefined if they go to the host itself
   */
  divert({ hostname, port }: Endpoint): Endpoint | undefined {
    const rule = this.#connectTo.find(({ from }) =>
      (from.hostname ?? hostname) === hostname && (from.port ?? port) === port
    );
    return rule && { hostname: rule.to.hostname ?? hostname, port: rule.to.port ?? port };
  }

  /** The addresses of a host that are given in place of a look-up; undefined if none are. */
  findAddresses({ hostname, port }: Endpoint): Address[] | undefined {
    const found = this.#addresses.get(`${hostname}:${port}`) ?? this.#addresses.get(`*:${port}`);
    return found && [...found];
  }

  /** The URLs of the hosts that requests for a URL connect to. */
  listDestinations(url: string): string[] {
    const asked = readEndpoint(new URL(url));
    return this.listHosts(this.divert(asked) ?? asked);
  }

  /** The URLs of the hosts that connections to an endpoint lead to: its addresses, or itself. */
  listHosts(endpoint: Endpoint): string[] {
    const { hostname, port } = endpoint;
    const hostnames = this.findAddresses(endpoint)?.map(({ address }) => address) ?? [hostname];
    return hostnames.map((hostname) => `http://${formatAuthority({ hostname, port })}/`);
  }
}
