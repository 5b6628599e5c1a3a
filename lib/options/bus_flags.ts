/**
 * The flags that say how a NATS server is reached: a run with `--cluster`, `myriad work` and
 * `myriad runs` have the same.
 *
 * @module
 */
import type { Flag } from "../cli/flags.ts";

/** The rows, in the order of the help. */
export const BUS_FLAGS = [
  {
    name: "cluster-creds",
    value: "FILE",
    path: { access: "read" },
    help: "log in to NATS by the credentials (.creds) or the nkey seed in FILE; " +
      "a password or a token goes into the URL: nats://USER:PASSWORD@HOST, nats://TOKEN@HOST",
  },
  {
    name: "cluster-ca",
    value: "FILE",
    path: { access: "read" },
    help: "trust the authorities in FILE, in PEM, for the NATS server; TLS is then required, " +
      "as with tls://HOST",
  },
  {
    name: "cluster-cert",
    value: "FILE",
    path: { access: "read" },
    help: "client certificate for the NATS server, in PEM, with its key",
  },
  {
    name: "cluster-cert-key",
    value: "FILE",
    path: { access: "read" },
    defaultWords: "in the file of --cluster-cert",
    requires: ["cluster-cert"],
    help: "the key of that certificate, in PEM",
  },
  {
    name: "cluster-key",
    value: "FILE",
    path: { access: "read", stdio: true },
    help:
      "the key that seals all that the NATS server keeps of the run, the same for its workers: " +
      "32 bytes, as they are, in hexadecimal or base64; - is stdin",
  },
] as const satisfies readonly Flag[];
