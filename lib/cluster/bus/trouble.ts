/**
 * What went wrong on the bus, in words that say how to mend it.
 *
 * @module
 */
import { BusError, type BusTrouble, UsageError } from "../../errors.ts";
import type { BusOptions } from "../../options/run_options.ts";

/** How long a server may take until it has answered, in milliseconds. */
export const CONNECT_TIMEOUT_MS = 5_000;

const PERMISSIONS = "docs/cluster.md#security-and-permissions";
const EXISTS = "a run of that name is on the bus already: see 'myriad runs URL'";
const ENABLE = "start nats-server with -js, or give the account JetStream";

/** What a code of JetStream means here. */
const CODES: Readonly<Record<number, readonly [trouble: BusTrouble, words: string]>> = {
  10_003: ["failed", "the request is not valid for this version of nats-server"],
  10_005: [
    "failed",
    "the NATS cluster has too few servers with JetStream: use a smaller --cluster-replicas",
  ],
  10_008: ["away", "JetStream is not available at present"],
  10_014: ["gone", "the run is not on the bus any more"],
  10_023: ["full", "the NATS server has no room left: give JetStream a larger max_file_store"],
  10_028: ["full", "the NATS account has no room left: give it more storage"],
  10_039: ["failed", `the NATS account has no JetStream: ${ENABLE}`],
  10_047: [
    "full",
    "the NATS server has less room than the run reserves: " +
    "use a smaller --cluster-hold, or give JetStream a larger max_file_store",
  ],
  10_058: ["failed", EXISTS],
  10_059: ["gone", "the run is not on the bus any more"],
  // Of two that make the same stream at once.
  10_065: ["failed", EXISTS],
  10_074: ["failed", "this NATS server is not part of a cluster: leave out --cluster-replicas"],
  10_076: ["failed", `the NATS server has no JetStream: ${ENABLE}`],
  10_077: ["full", "the store of the run is full: it goes on when the submitter has collected"],
  10_164: ["away", "another write of the same key is on its way"],
};

/** The code of a key that was written before: wrong last sequence. */
const WRONG_LAST_SEQUENCE = 10_071;
/** The same in a NATS cluster of newer servers, where another write of the key is on its way. */
const OTHER_ON_ITS_WAY = 10_164;

/** What the client's errors have that matters. */
interface ClientError extends Error {
  readonly code?: number | string;
  readonly subject?: string;
  readonly operation?: string;
  readonly cause?: ClientError;
}

/**
 * An error of the client as one of the bus.
 *
 * @param doing what was tried, in words that follow "Cannot", such as `store a part`
 */
export function toBusError(error: unknown, doing: string): BusError | UsageError {
  if (error instanceof BusError || error instanceof UsageError) return error;
  const [trouble, words] = explain(error as ClientError);
  return new BusError(`Cannot ${doing}: ${words}`, trouble, { cause: error });
}

function explain(error: ClientError): readonly [BusTrouble, string] {
  for (let one: ClientError | undefined = error; one !== undefined; one = one.cause) {
    switch (one.name) {
      case "PermissionViolationError":
        return [
          "denied",
          `the NATS user may not ${one.operation === "publish" ? "publish" : "subscribe"} to ` +
          `'${one.subject}': give it the permissions of ${PERMISSIONS}`,
        ];
      case "AuthorizationError":
      case "UserAuthenticationExpiredError":
        return ["denied", "the NATS server does not let the user in any more"];
      case "NoResponders":
        return ["away", "JetStream does not answer: it is starting, or not enabled"];
      case "TimeoutError":
        return ["away", "the NATS server does not answer: look whether it runs, and try again"];
      case "ClosedConnectionError":
      case "DrainingConnectionError":
        return ["away", "the connection to the NATS server is closed"];
    }
    const known = typeof one.code === "number" ? CODES[one.code] : undefined;
    if (known !== undefined) return known;
  }
  return ["failed", error.message];
}

/** Whether a key was not written since somebody else has written it before. */
export function isWrittenBefore(error: unknown): boolean {
  return (error as ClientError).code === WRONG_LAST_SEQUENCE || isOtherOnItsWay(error);
}

/** Whether a key was not written since another write of it is on its way, which can still fail. */
export function isOtherOnItsWay(error: unknown): boolean {
  return (error as ClientError).code === OTHER_ON_ITS_WAY;
}

/** Whether nobody listens where something was sent. */
export function isUnanswered(error: unknown): boolean {
  const { name, cause } = error as ClientError;
  return name === "NoResponders" || cause !== undefined && isUnanswered(cause);
}

/** Why the first connection did not come about. Nothing of a password or token is in it. */
export function toConnectError(error: unknown, { servers, login, tls }: BusOptions): UsageError {
  if (error instanceof UsageError) return error;
  const which = servers.length === 1
    ? `the NATS server '${servers[0]}'`
    : `any of the NATS servers '${servers.join("', '")}'`;
  const { name, code, message } = error as ClientError;
  const words = ((): string => {
    if (name === "AuthorizationError") {
      return login === undefined
        ? "it asks who you are: put USER:PASSWORD@ or TOKEN@ before its host, or add --cluster-creds"
        : "it does not let this user in: correct the user, password, token or --cluster-creds";
    }
    if (name === "TimeoutError") {
      return `no server of NATS answers there within ${CONNECT_TIMEOUT_MS / 1_000} s: ` +
        "correct the address, or open the way to it";
    }
    if (typeof code === "string" && code.startsWith("nkeys:")) {
      return "the seed in '--cluster-creds' is damaged: copy it again";
    }
    switch (code) {
      case "ECONNREFUSED":
        return "connection refused: start 'nats-server -js' there, or correct the address";
      case "ENOTFOUND":
        return "its name is unknown: correct it";
      case "EAI_AGAIN":
        return "its name cannot be looked up at present: try again";
    }
    if (/does not accept the client certificate/.test(message) && tls?.cert === undefined) {
      return "the server wants a client certificate: add --cluster-cert";
    }
    return toClusterFlags(message);
  })();
  return new UsageError(`Cannot connect to ${which}: ${words}`);
}

/** The words of a problem of TLS, with the flags that count here. */
function toClusterFlags(message: string): string {
  return message.replace(/(?:, |: )-k takes any certificate/, "")
    .replace("--cacert FILE", "--cluster-ca FILE").replace("(--cert)", "(--cluster-cert)")
    .replace(/^the server does not offer TLS$/, "$&: use nats:// without --cluster-ca")
    .replace(/^what listens there does not speak NATS$/, "$&: correct the address");
}
