import {
  type Authenticator,
  credsAuthenticator,
  nkeyAuthenticator,
  nkeys,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
} from "@nats-io/nats-core/internal";
import type { BusLogin } from "../../options/run_options.ts";

const encoder = new TextEncoder();

/** How the client proves who it is. */
export function toAuthenticator(login: BusLogin): Authenticator {
  if ("user" in login) return usernamePasswordAuthenticator(login.user, login.password);
  if ("token" in login) return tokenAuthenticator(login.token);
  return "seed" in login
    ? nkeyAuthenticator(encoder.encode(login.seed))
    : credsAuthenticator(encoder.encode(login.credentials));
}

/**
 * Where answers come: below a part of its own for each user, so that permissions can keep one from
 * the answers to others. It is the user's name, or the public key of an nkey.
 */
export function toInboxName(login: BusLogin | undefined): string {
  if (login === undefined || "token" in login) return "anyone";
  if ("user" in login) return login.user.replaceAll(/[^\w-]/g, "_");
  const seed = "seed" in login ? login.seed : /\bSU[A-Z2-7]{56}\b/.exec(login.credentials)![0];
  return nkeys.fromSeed(encoder.encode(seed)).getPublicKey();
}
