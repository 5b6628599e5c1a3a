/** Host and port as a URL has them (RFC 3986 §3.2). @param hostname an IPv6 address without brackets */
export function formatAuthority(
  { hostname, port }: { readonly hostname: string; readonly port: number },
): string {
  return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}
