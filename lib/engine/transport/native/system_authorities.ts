import type { Libraries } from "./libraries.ts";
import { R_OK } from "./libc.ts";

/**
 * Whether the system has certificates of authorities where OpenSSL looks for them: in its file, in its
 * folder, or where `SSL_CERT_FILE` and `SSL_CERT_DIR` say. Without them no server would be trusted.
 */
export function hasSystemAuthorities({ libc, openssl }: Libraries): boolean {
  const file = libc.secure_getenv(openssl.X509_get_default_cert_file_env()) ??
    openssl.X509_get_default_cert_file();
  if (libc.access(file, R_OK) === 0) return true;
  const folder = libc.opendir(
    libc.secure_getenv(openssl.X509_get_default_cert_dir_env()) ??
      openssl.X509_get_default_cert_dir(),
  );
  if (folder === null) return false;
  let entries = 0;
  // Every folder has two: itself, and the one above it.
  while (entries < 3 && libc.readdir(folder) !== null) entries++;
  libc.closedir(folder);
  return entries === 3;
}
