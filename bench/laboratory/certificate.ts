import { runCommand } from "../meter.ts";

/** What a server shows over TLS, as texts of PEM. */
export interface Certificate {
  readonly chain: string;
  readonly key: string;
  /** The file of the authority that has signed it, which clients can be told to trust. */
  readonly authority: string;
}

/**
 * Makes a certificate, with an authority of its own.
 *
 * @param names of servers, as OpenSSL has them: `IP:10.0.0.1`, `DNS:example.com`
 * @param folder where its files are left
 * @throws {Error} If there is no OpenSSL.
 */
export async function makeCertificate(
  folder: string,
  names: readonly string[],
): Promise<Certificate> {
  const [authority, authorityKey, chain, key, request, extensions] = [
    ...["authority.crt", "authority.key", "server.crt", "server.key", "server.csr", "names"],
  ].map((name) => `${folder}/${name}`);
  await Deno.writeTextFile(extensions, `subjectAltName=${names.join(",")}\n`);
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  await openssl([
    ...["req", "-x509", ...newKey, "-keyout", authorityKey, "-out", authority],
    ...["-subj", "/CN=laboratory", "-days", "2"],
  ]);
  await openssl(["req", ...newKey, "-keyout", key, "-out", request, "-subj", "/CN=server"]);
  await openssl([
    ...["x509", "-req", "-in", request, "-CA", authority, "-CAkey", authorityKey],
    ...["-CAcreateserial", "-out", chain, "-days", "2", "-extfile", extensions],
  ]);
  return {
    chain: await Deno.readTextFile(chain),
    key: await Deno.readTextFile(key),
    authority,
  };
}

async function openssl(args: readonly string[]): Promise<void> {
  const output = await runCommand(["openssl", ...args]);
  if (output?.code === 0) return;
  throw new Error(`Cannot make a certificate: ${output?.stderr.trim() ?? "install openssl"}`);
}
