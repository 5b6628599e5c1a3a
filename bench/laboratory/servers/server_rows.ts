/**
 * Real servers at the settings that Debian's packages give them. Ours are the ports, the log, the
 * certificate and what they answer: `/17` and `/large/17` are files of theirs, `/post/17` comes from
 * a server of Node behind them. HAProxy and Varnish have all of it from there.
 *
 * @module
 */

/** What the configuration of a server is made of. */
export interface Place {
  /** Its folder, which holds `small` and `large`, files that it serves, and `crt`, `key` and `pem`. */
  readonly folder: string;
  /** The port of the server of Node behind it. */
  readonly backendPort: number;
  /** The file for its log: a line for each request, by {@linkcode ServerRow.line}. */
  readonly log: string;
}

/** A kind of server. */
export interface ServerRow {
  /** The command that says its version, and where in its words that stands. */
  readonly version: readonly [command: readonly string[], pattern: RegExp];
  /** Whether it speaks TLS, with HTTP/1.1 and HTTP/2. */
  readonly hasTls: boolean;
  /** Its configuration, the file `conf` in its folder; undefined if it needs none. */
  configure?(place: Place): string;
  /** Starts it, in the foreground. */
  command(place: Place): readonly string[];
  /**
   * How its unit reloads it: a signal to its first process, or a command that ends when it has been
   * reloaded. Undefined if it can't be.
   */
  readonly reload?: Deno.Signal | ((place: Place) => readonly string[]);
  /** How its unit stops it. */
  readonly stop: Deno.Signal;
  /**
   * What stands in a line of its log: the path, the status, and in a third group what says that the
   * answer was not sent to its end, if it says so. Undefined if the server behind it logs for it.
   */
  readonly line?: RegExp;
}

const SERVER_OF_NODE = new URL("./node_server.mjs", import.meta.url).pathname;

/** What {@linkcode SERVER_OF_NODE} logs. */
export const LINE_OF_NODE = /^(\S+) (\d+)/;

/** Starts the server of Node; 0 for no port with TLS. */
export function startNode(
  { folder, log }: Omit<Place, "backendPort">,
  port: number,
  tlsPort: number,
): readonly string[] {
  const words = [`${port}`, log, `${tlsPort}`, `${folder}/crt`, `${folder}/key`];
  return ["node", SERVER_OF_NODE, ...words];
}

const NGINX = ({ folder }: Place): readonly string[] => [
  ...["nginx", "-p", folder, "-e", "errors", "-c", `${folder}/conf`],
];

/** The servers by name, in the order of the tables. */
export const SERVER_ROWS: Readonly<Record<string, ServerRow>> = {
  nginx: {
    version: [["nginx", "-v"], /nginx\/(\S+)/],
    hasTls: true,
    configure: ({ folder, backendPort, log }) =>
      `user www-data; worker_processes auto; pid ${folder}/pid; error_log ${folder}/errors;
      daemon off;
      events { worker_connections 768; }
      http {
        sendfile on; tcp_nopush on; types_hash_max_size 2048;
        include /etc/nginx/mime.types; default_type application/octet-stream;
        ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3; ssl_prefer_server_ciphers on; gzip on;
        log_format number '$request_uri $status $request_completion.';
        access_log ${log} number;
        ${
        ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
          .map((name) => `${name}_temp_path ${folder}/${name};`).join(" ")
      }
        ssl_certificate ${folder}/crt; ssl_certificate_key ${folder}/key;
        server {
          listen 80; listen [::]:80; listen 443 ssl http2; listen [::]:443 ssl http2;
          root ${folder};
          location / { rewrite ^ /small break; }
          location /large/ { rewrite ^ /large break; }
          location /post/ { proxy_pass http://127.0.0.1:${backendPort}; }
        }
      }`,
    command: NGINX,
    reload: (place) => [...NGINX(place), "-s", "reload"],
    stop: "SIGQUIT",
    line: /^(\S+) (\d+) (\.)?/,
  },
  Apache: {
    version: [["apache2", "-v"], /Apache\/(\S+)/],
    hasTls: true,
    configure: ({ folder, backendPort, log }) =>
      `ServerRoot ${folder}
      ServerName localhost
      PidFile ${folder}/pid
      User www-data
      Group www-data
      ${
        ["mpm_event", "authz_core", "alias", "http2", "ssl", "socache_shmcb", "reqtimeout"]
          .concat("proxy", "proxy_http")
          .map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so\n`)
          .join("")
      }
      Timeout 300
      KeepAlive On
      MaxKeepAliveRequests 100
      KeepAliveTimeout 5
      StartServers 2
      MinSpareThreads 25
      MaxSpareThreads 75
      ThreadLimit 64
      ThreadsPerChild 25
      MaxRequestWorkers 150
      MaxConnectionsPerChild 0
      RequestReadTimeout header=20-40,minrate=500
      RequestReadTimeout body=10,minrate=500
      SSLSessionCache shmcb:${folder}/ssl_scache(512000)
      SSLCipherSuite HIGH:!aNULL
      SSLProtocol all -SSLv3
      SSLSessionTickets off
      ErrorLog ${folder}/errors
      LogFormat "%U %>s" number
      CustomLog ${log} number
      Protocols h2 h2c http/1.1
      ProxyPass /post/ http://127.0.0.1:${backendPort}/post/
      AliasMatch "^/large/" ${folder}/large
      AliasMatch "^/[0-9]" ${folder}/small
      Listen 80
      Listen 443
      <VirtualHost *:443>
        SSLEngine on
        SSLCertificateFile ${folder}/crt
        SSLCertificateKeyFile ${folder}/key
      </VirtualHost>`,
    command: ({ folder }) => ["apache2", "-DFOREGROUND", "-f", `${folder}/conf`],
    reload: "SIGUSR1",
    // Its unit says SIGWINCH, which is graceful, and systemd this one at once behind it.
    stop: "SIGTERM",
    line: /^(\S+) (\d+)/,
  },
  Caddy: {
    version: [["caddy", "version"], /^v?(\S+)/],
    hasTls: true,
    configure: ({ folder, backendPort, log }) =>
      `{
        auto_https off
      }
      (answers) {
        log {
          output file ${log}
        }
        root * ${folder}
        reverse_proxy /post/* 127.0.0.1:${backendPort}
        @small path_regexp ^/[0-9]
        rewrite @small /small
        rewrite /large/* /large
        file_server
      }
      https://:443 {
        tls ${folder}/crt ${folder}/key
        import answers
      }
      http://:80 {
        import answers
      }`,
    command: ({ folder }) => [
      ...["caddy", "run", "--adapter", "caddyfile", "--config", `${folder}/conf`],
    ],
    reload: ({ folder }) => [
      ...["caddy", "reload", "--force", "--adapter", "caddyfile", "--config", `${folder}/conf`],
    ],
    stop: "SIGTERM",
    line: /"uri":"([^"]*)".*"status":(\d+)/,
  },
  HAProxy: {
    version: [["haproxy", "-v"], /version (\S+)/],
    hasTls: true,
    configure: ({ folder, backendPort }) =>
      `global
        user haproxy
        group haproxy
      defaults
        mode http
        option dontlognull
        timeout connect 5000
        timeout client 50000
        timeout server 50000
      frontend front
        bind :::80 v4v6
        bind :::443 v4v6 ssl crt ${folder}/pem alpn h2,http/1.1
        default_backend node
      backend node
        server node 127.0.0.1:${backendPort}`,
    command: ({ folder }) => ["haproxy", "-Ws", "-f", `${folder}/conf`],
    reload: "SIGUSR2",
    stop: "SIGTERM",
  },
  H2O: {
    version: [["h2o", "-v"], /version (\S+)/],
    hasTls: true,
    // Otherwise it asks at each start for an OCSP response, which this certificate cannot have.
    configure: ({ folder, backendPort, log }) =>
      `user: www-data
listen: {port: 80}
listen:
  port: 443
  ssl: {certificate-file: ${folder}/crt, key-file: ${folder}/key, ocsp-update-interval: 0}
access-log: {path: ${log}, format: "%U %s"}
error-log: ${folder}/errors
pid-file: ${folder}/pid
hosts:
  default:
    paths:
      /: {file.file: ${folder}/small}
      /large/: {file.file: ${folder}/large}
      /post/: {proxy.reverse.url: "http://127.0.0.1:${backendPort}/post/"}`,
    command: ({ folder }) => ["h2o", "-c", `${folder}/conf`, "-m", "master"],
    reload: "SIGHUP",
    stop: "SIGTERM",
    line: /^(\S+) (\d+)/,
  },
  lighttpd: {
    version: [["lighttpd", "-v"], /lighttpd\/(\S+)/],
    hasTls: true,
    configure: ({ folder, backendPort, log }) =>
      `server.modules = ("mod_indexfile", "mod_access", "mod_alias", "mod_redirect",
        "mod_rewrite", "mod_openssl", "mod_accesslog", "mod_proxy")
      server.port = 80
      server.document-root = "${folder}"
      server.upload-dirs = ("${folder}")
      server.errorlog = "${folder}/errors"
      server.pid-file = "${folder}/pid"
      server.username = "www-data"
      server.groupname = "www-data"
      server.feature-flags += ("server.h2proto" => "enable")
      server.feature-flags += ("server.h2c" => "enable")
      server.feature-flags += ("server.graceful-shutdown-timeout" => 5)
      accesslog.filename = "${log}"
      accesslog.format = "%r %>s %X"
      url.rewrite-once = ("^/[0-9]" => "/small", "^/large/" => "/large")
      $SERVER["socket"] == ":443" {
        ssl.engine = "enable"
        ssl.pemfile = "${folder}/pem"
      }
      $HTTP["url"] =~ "^/post/" {
        proxy.server = ("" => (("host" => "127.0.0.1", "port" => ${backendPort})))
      }
      server.modules += ("mod_dirlisting", "mod_staticfile")`,
    command: ({ folder }) => ["lighttpd", "-D", "-f", `${folder}/conf`],
    reload: "SIGUSR1",
    stop: "SIGTERM",
    line: /^\S+ (\S+) \S+ (\d+) (X)?/,
  },
  Varnish: {
    version: [["varnishd", "-V"], /varnish-(\S+)/],
    hasTls: false,
    configure: ({ backendPort }) =>
      `vcl 4.1;
      backend default { .host = "127.0.0.1"; .port = "${backendPort}"; }`,
    command: ({ folder }) => [
      ...["varnishd", "-j", "unix,user=vcache", "-F", "-n", `${folder}/varnish`],
      ...["-a", ":80", "-f", `${folder}/conf`, "-s", "malloc,256m"],
    ],
    reload: ({ folder }) => ["/usr/share/varnish/varnishreload", "-n", `${folder}/varnish`],
    stop: "SIGTERM",
  },
  Node: {
    version: [["node", "-v"], /v(\S+)/],
    hasTls: true,
    command: (place) => startNode(place, 80, 443),
    stop: "SIGTERM",
    line: LINE_OF_NODE,
  },
};
