/**
 * The options of curl 8, and what each of them becomes.
 *
 * @module
 */

/**
 * What an option becomes:
 *
 * - `read`: a part of the request, which the translation puts together
 * - `same`: the flag of the same name
 * - `own`: what curl itself does with a response; it is left out, and a notice says so
 * - `default`: what is done anyway
 * - `unable`: what changes the request or the connection, and cannot be done
 */
export type Fate = "read" | "same" | "own" | "default" | "unable";

/** An option of curl. */
export interface CurlFlag {
  readonly name: string;
  readonly short: string | undefined;
  readonly hasValue: boolean;
  readonly fate: Fate;
}

/** Names with their letter in front, and `=` behind those with a value. */
const NAMES: Readonly<Record<Fate, string>> = {
  read: `
    A:user-agent= b:cookie= c:cookie-jar= d:data= data-ascii= data-binary= data-raw= E:cert=
    data-urlencode= e:referer= fail-with-body G:get g:globoff H:header= http2 http2-prior-knowledge
    I:head json= L:location max-filesize= max-redirs= m:max-time= connect-timeout= oauth2-bearer=
    parallel-max= U:proxy-user= x:proxy= r:range= rate= X:request= retry= retry-delay= socks5=
    socks5-hostname= T:upload-file= url= url-query= u:user= F:form= form-string=`,
  same: `
    cacert= compressed connect-to= f:fail http1.1 k:insecure interface= 4:ipv4 6:ipv6 key=
    limit-rate= resolve= unix-socket= v:verbose`,
  own: `
    create-dirs create-file-mode= q:disable D:dump-header= fail-early i:include keepalive-time=
    libcurl= N:no-buffer no-clobber no-keepalive no-progress-meter no-sessionid o:output=
    output-dir= #:progress-bar J:remote-header-name O:remote-name remote-name-all R:remote-time
    remove-on-error skip-existing S:show-error s:silent stderr= styled-output
    suppress-connect-headers tcp-fastopen tcp-nodelay trace= trace-ascii= trace-config= trace-ids
    trace-time w:write-out= xattr etag-save= Z:parallel parallel-immediate parallel-max-host=
    happy-eyeballs-timeout-ms= out-null`,
  default: `
    basic no-npn path-as-is proxy-basic 1:tlsv1 tlsv1.0 tlsv1.1 tlsv1.2 alpn keepalive sessionid
    no-alt-svc no-hsts retry-connrefused retry-all-errors ssl ssl-reqd`,
  unable: `
    abstract-unix-socket= alt-svc= anyauth a:append aws-sigv4= capath= ca-native cert-status
    cert-type= ciphers= K:config= C:continue-at= crlf crlfile= curves= delegation= digest
    disallow-username-in-url dns-interface= dns-ipv4-addr= dns-ipv6-addr= dns-servers=
    doh-cert-status doh-insecure doh-url= ech= egd-file= engine= etag-compare= expand-data=
    expand-url= expect100-timeout= false-start form-escape P:ftp-port= haproxy-clientip=
    haproxy-protocol hsts= http0.9 0:http1.0 http3 http3-only ignore-content-length
    j:junk-session-cookies key-type= l:list-only local-port= location-trusted login-options=
    M:manual negotiate n:netrc netrc-file= netrc-optional ::next no-alpn noproxy= ntlm ntlm-wb pass=
    pinnedpubkey= post301 post302 post303 preproxy= proto= proto-default= proto-redir=
    proxy-anyauth proxy-ca-native proxy-cacert= proxy-capath= proxy-cert= proxy-cert-type=
    proxy-ciphers= proxy-crlfile= proxy-digest proxy-header= proxy-http2 proxy-insecure proxy-key=
    proxy-key-type= proxy-negotiate proxy-ntlm proxy-pass= proxy-pinnedpubkey= proxy-service-name=
    proxy-tls13-ciphers= proxy-tlsv1 proxy1.0= p:proxytunnel Q:quote= random-file= raw
    request-target= retry-max-time= sasl-authzid= sasl-ir service-name= sigalgs= socks4= socks4a=
    socks5-basic socks5-gssapi socks5-gssapi-nec socks5-gssapi-service= Y:speed-limit=
    y:speed-time= ssl-allow-beast ssl-sessions= 2:sslv2 3:sslv3 t:telnet-option= z:time-cond=
    tls-earlydata tls-max= tls13-ciphers= tlsauthtype= tlspassword= tlsuser= tlsv1.3 tr-encoding
    B:use-ascii variable= vlan-priority= ip-tos=`,
};

function* listFlags(): Generator<CurlFlag> {
  for (const [fate, names] of Object.entries(NAMES)) {
    for (const text of names.trim().split(/\s+/)) {
      const [, short, name, equals] = /^(?:(.):)?([^=]+)(=?)$/.exec(text)!;
      yield { name, short, hasValue: equals !== "", fate: fate as Fate };
    }
  }
}

/** The options by what stands behind their dashes: letters and names. */
export const CURL_FLAGS: ReadonlyMap<string, CurlFlag> = new Map(
  Array.from(listFlags()).flatMap((flag) => [
    [flag.name, flag] as const,
    ...flag.short === undefined ? [] : [[flag.short, flag] as const],
  ]),
);
