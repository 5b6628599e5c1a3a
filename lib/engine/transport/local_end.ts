/**
 * Checks where the connections of a run begin, before the first of them: each of them would fail.
 *
 * @module
 */
import { UsageError } from "../../errors.ts";
import { formatAllow } from "../../text/format_allow.ts";
import type { LocalEnd } from "../options.ts";
import type { NativeTransports } from "./native/transports.ts";
import type { Transports } from "./transport.ts";

/**
 * Checks that sockets can be bound to an address of this machine, or to a network interface.
 *
 * @param transports undefined for native fetch, whose sockets are those of the runtime
 * @throws {UsageError} If they cannot.
 */
export function checkLocalEnd(
  { address, device }: LocalEnd,
  transports: Transports | undefined,
): void {
  const problem = address === undefined
    ? findDeviceProblem(transports)
    : findAddressProblem(address);
  if (problem === undefined) return;
  throw new UsageError(`Cannot use '--interface ${address ?? device}': ${problem}`);
}

function findDeviceProblem(transports: Transports | undefined): string | undefined {
  if (transports?.name !== "native") {
    return "only native sockets can be bound to an interface: use one of its addresses";
  }
  switch ((transports as NativeTransports).binding!.findProblem()) {
    case undefined:
      return undefined;
    case "ENODEV":
      return "this machine has no interface of that name";
    case "EPERM":
      return "this system does not let the user bind to an interface: use one of its addresses";
    default:
      return "the system refuses: use one of its addresses";
  }
}

function findAddressProblem(address: string): string | undefined {
  try {
    // The system lets a socket listen there only if the address is its own.
    Deno.listen({ hostname: address, port: 0 }).close();
    return undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) {
      const host = address.includes(":") ? `[${address}]` : address;
      return `no permission: run with ${formatAllow("net", host)}, too`;
    }
    return "this machine does not have that address";
  }
}
