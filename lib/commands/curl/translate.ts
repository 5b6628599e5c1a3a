/**
 * A command line of curl as one of `myriad`.
 *
 * @module
 */
import { UsageError } from "../../errors.ts";
import { FORM_TYPE, isJsonText, JSON_TYPE } from "../../http/content_type.ts";
import type { RunFlag } from "../../options/rows/flag.ts";
import { RUN_FLAGS } from "../../options/table.ts";
import { escapeBraces } from "../../source/text_template.ts";
import { CurlBody, encodeField } from "./curl_body.ts";
import type { CurlCommand, GivenFlag } from "./parse_curl.ts";

/** What a command of curl is here. */
export interface Translation {
  /** The command line of a run, without the name of the program. */
  readonly argv: readonly string[];
  /** What is different from curl, in sentences. */
  readonly notes: readonly string[];
}

/** How many redirects curl follows with `-L`. */
const CURL_REDIRECTS = "50";
/** What "no limit" becomes. */
const MAX_REDIRECTS = "1000";

/** Fields that are sent without being asked for, so that they cannot be left out. */
const OF_ENGINE = /^(?:accept|accept-encoding|content-type|host|user-agent)$/i;
/** Fields that an engine writes itself, or that are a part of HTTP/2. */
const OF_FRAMING = /^(?:content-length$|transfer-encoding$|:)/i;

/** What has the same value under another name. */
const RENAMED: Readonly<Record<string, string>> = {
  "fail-with-body": "fail",
  "http2-prior-knowledge": "http2",
  "max-filesize": "max-body",
  "parallel-max": "concurrency",
  retry: "retries",
};

/** What has seconds, of which 0 mean no limit. */
const DURATIONS: Readonly<Record<string, string>> = {
  "connect-timeout": "connect-timeout",
  "max-time": "timeout",
  "retry-delay": "retry-delay",
};

/** Flags that can be given several times; of the others, the last one counts, as with curl. */
const REPEATABLE: ReadonlySet<string> = new Set(
  (RUN_FLAGS as readonly RunFlag[]).filter(({ repeatable }) => repeatable).map(({ name }) => name),
);

/**
 * Translates a command line of curl.
 *
 * @throws {UsageError} If it has no URL, or asks for something that cannot be done. No value is
 * repeated.
 */
export function translateCurl(command: CurlCommand): Translation {
  return new Translator(command).translate();
}

class Translator {
  readonly #urls: string[];
  readonly #given: readonly GivenFlag[];
  /** Flags by their names, and how they are written. */
  #flags: { readonly name: string; readonly words: readonly string[] }[] = [];
  readonly #body = new CurlBody();
  /** What is added to the query. */
  readonly #query: string[] = [];
  readonly #own: string[] = [];
  readonly #unable: string[] = [];
  readonly #notes: string[] = [];
  readonly #fieldNames = new Set<string>();
  #method: string | undefined;
  #upload: string | undefined;
  #isGet = false;
  #isHead = false;
  #isForm = false;
  #hasGlobs = true;
  #follows = false;
  #maxRedirects = CURL_REDIRECTS;
  #proxy: string | undefined;
  #proxyUser: string | undefined;

  constructor({ given, urls }: CurlCommand) {
    this.#given = given;
    this.#urls = [...urls];
  }

  translate(): Translation {
    for (const one of this.#given) {
      const { flag: { fate, name, hasValue }, shown, value } = one;
      if (fate === "unable") this.#unable.push(`'${shown}'`);
      else if (fate === "own") this.#own.push(shown);
      else if (fate === "same") this.#add(name, ...hasValue ? [value] : []);
      else if (fate === "read") this.#read(one);
    }
    this.#addRequest();
    this.#addProxy();
    this.#add("redirects", this.#follows ? this.#maxRedirects : "0");
    const url = this.#toUrl();
    if (this.#unable.length > 0) {
      const list = [...new Set(this.#unable)].join(", ");
      throw new UsageError(`Cannot do what curl does by ${list}: change it, or leave it out`);
    }
    const notes = [...this.#notes];
    if (this.#own.length > 0) {
      const list = [...new Set(this.#own)].join(" ");
      notes.push(`left out, as it is about curl itself and what it does with a response: ${list}`);
    }
    return { argv: [...this.#flags.flatMap(({ words }) => words), url], notes };
  }

  #add(name: string, ...[value]: string[]): void {
    // A value in an argument of its own cannot begin with a dash, and that of a jar has none.
    const isJoined = value?.startsWith("-") || name === "cookie-jar";
    const words = value === undefined
      ? [`--${name}`]
      : isJoined
      ? [`--${name}=${value}`]
      : [`--${name}`, value];
    if (!REPEATABLE.has(name)) this.#flags = this.#flags.filter((flag) => flag.name !== name);
    this.#flags.push({ name, words });
  }

  /** Adds a value that is not read from a file, however it begins. */
  #addText(name: string, value: string, shown: string): void {
    if (value.startsWith("@")) this.#unable.push(`'${shown}' with a value that begins with @`);
    else this.#add(name, value);
  }

  #read({ flag: { name, hasValue }, shown, value }: GivenFlag): void {
    if (name in RENAMED) return this.#add(RENAMED[name], ...hasValue ? [value] : []);
    if (name in DURATIONS) {
      return Number(value) === 0 ? undefined : this.#add(DURATIONS[name], toDuration(value));
    }
    switch (name) {
      case "url":
        return void this.#urls.push(value);
      case "request":
        this.#method = value;
        return;
      case "get":
        this.#isGet = true;
        return;
      case "head":
        this.#isHead = true;
        return;
      case "globoff":
        this.#hasGlobs = false;
        return;
      case "location":
        this.#follows = true;
        return;
      case "max-redirs":
        this.#maxRedirects = value.startsWith("-") ? MAX_REDIRECTS : value;
        return;
      case "upload-file":
        this.#upload = value;
        return;
      case "proxy":
      case "socks5":
      case "socks5-hostname":
        this.#proxy = name === "proxy" ? value : `${name.replace("-hostname", "h")}://${value}`;
        return;
      case "proxy-user":
        this.#proxyUser = value;
        return;
      case "header":
        return this.#readField(value, shown);
      case "user-agent":
        if (value === "") return void this.#unable.push(`'${shown}' with an empty value`);
        return this.#add(name, escapeBraces(toBytes(value)));
      case "referer": {
        const url = value.replace(/;auto$/, "");
        if (url !== value) this.#notes.push("the Referer field is not set by redirects");
        return url === "" ? undefined : this.#add(name, escapeBraces(toBytes(url)));
      }
      case "range":
        return this.#add("header", `Range: bytes=${value}`);
      case "oauth2-bearer":
        return this.#add("header", escapeBraces(`Authorization: Bearer ${value}`));
      case "user":
        return this.#addText(name, value, shown);
      case "cookie":
        if (value === "") return this.#add("cookie-jar");
        // What has no `=` is the name of a file.
        if (!value.includes("=")) return this.#addJar(value);
        return this.#addText(name, escapeBraces(toBytes(value)), shown);
      case "cookie-jar":
        return this.#addJar(value);
      case "cert": {
        const isPassword = /[^\\]:/.test(value.replace(/^[a-z]:[\\/]/i, ""));
        return isPassword
          ? void this.#unable.push(`'${shown}' with a password`)
          : this.#add(name, value);
      }
      case "rate":
        return this.#add(name, value.includes("/") ? value : `${value}/h`);
      case "http2":
        // An https server is asked for it anyway, and an upgrade of http is history (RFC 9113 §3.1).
        return;
      default:
        return this.#readBody(name, value, shown);
    }
  }

  #readBody(name: string, value: string, shown: string): void {
    switch (name) {
      case "url-query": {
        const field = value.startsWith("+") ? value.slice(1) : encodeField(value);
        if (field === undefined) this.#unable.push(`'${shown}' with a file`);
        else this.#query.push(field);
        return;
      }
      case "form":
      case "form-string":
        this.#isForm = true;
        return this.#add("form", toPart(value, name === "form-string"));
      case "data":
      case "data-ascii":
        if (value.startsWith("@")) {
          this.#notes.push(`line breaks of '${value}' are sent, and curl leaves them out`);
        }
    }
    this.#body.add(name, value);
  }

  #readField(value: string, shown: string): void {
    if (value.startsWith("@")) return this.#add("header", value);
    const [, name, sign, content] = /^(:[^:]*|[^:;]*)([:;])\s*(.*)$/s.exec(value) ?? [];
    if (name === undefined) return void this.#unable.push(`'${shown}' without a colon`);
    if (OF_FRAMING.test(name)) {
      return void this.#notes.push(`the field '${name}' is left out: it is set for each request`);
    }
    if (sign === ";" ? content !== "" : content === "") {
      // curl leaves out a field that has no value, and `;` means an empty one.
      if (sign === ":" && OF_ENGINE.test(name)) this.#unable.push(`'${shown} ${name}:'`);
      return;
    }
    this.#fieldNames.add(name.toLowerCase());
    this.#add("header", `${name}: ${escapeBraces(toBytes(content))}`.trimEnd());
  }

  #addJar(path: string): void {
    const isThere = this.#flags.some(({ words }) => words.includes(`--cookie-jar=${path}`));
    this.#add("cookie-jar", path);
    if (isThere) return;
    this.#notes.push(`cookies are read from '${path}', and written there at the end`);
  }

  /** Adds the method and the body. */
  #addRequest(): void {
    const isBody = !this.#body.isEmpty && !this.#isGet;
    const usual = isBody || this.#isForm ? "POST" : "GET";
    const sent = this.#upload !== undefined ? "PUT" : this.#isHead ? "HEAD" : usual;
    const method = this.#method ?? sent;
    if (method !== usual) this.#add("method", method);
    if (this.#upload === undefined) {
      if (isBody) this.#addBody();
      return;
    }
    if (/^[^?#]*\/$/.test(this.#urls[0] ?? "")) this.#unable.push("'-T' to a URL that ends in /");
    this.#add("data", `@${this.#upload}`);
    if (!this.#fieldNames.has("content-type")) {
      this.#notes.push("a Content-Type field is sent, and curl -T sends none");
    }
  }

  #addBody(): void {
    const { text, isJson } = this.#body;
    const hasType = this.#fieldNames.has("content-type");
    if (isJson) {
      if (!hasType) this.#add("content-type", JSON_TYPE);
      if (!this.#fieldNames.has("accept")) this.#add("header", `Accept: ${JSON_TYPE}`);
    } else if (!hasType && (text === undefined || isJsonText(text))) {
      this.#add("content-type", FORM_TYPE);
    }
    this.#addData();
  }

  #addData(): void {
    const flags = this.#body.toFlags();
    if (flags === undefined) this.#unable.push("'--json' with a file and more data");
    else for (const [name, value] of flags) this.#add(name, value);
  }

  #addProxy(): void {
    const proxy = this.#proxy;
    if (proxy === undefined || proxy === "") return;
    const [, scheme = "", rest] = /^([a-z][a-z\d+.-]*:\/\/)?(.*)$/is.exec(proxy)!;
    const user = this.#proxyUser;
    const userinfo = user === undefined || rest.includes("@")
      ? ""
      : `${user.split(":").map(encodeURIComponent).join(":")}@`;
    this.#add("proxy", `${scheme}${userinfo}${rest}`);
  }

  /** The URL as a template, with what `-G` puts into its query. */
  #toUrl(): string {
    const [given, other] = this.#urls;
    if (given === undefined) {
      throw new UsageError(
        "The curl command has no URL: add one, or - to read the command from standard input",
      );
    }
    if (other !== undefined) this.#unable.push("more than one URL");
    const whole = /^[a-z][a-z\d+.-]*:\/\//i.test(given) ? given : `http://${given}`;
    const [, bare] = /^([^#]*)/.exec(whole)!;
    const [start, range] = this.#hasGlobs ? this.#readGlobs(bare) : [bare];
    let url = start.replaceAll("{", "{{").replaceAll("}", "}}");
    if (range !== undefined) url = url.replace(range, () => "{}");
    const added = [...this.#query];
    if (this.#isGet && !this.#body.isEmpty) {
      const { text } = this.#body;
      if (text !== undefined) added.push(text);
      else {
        this.#add("get");
        this.#addData();
      }
    }
    for (const more of added) {
      const braces = more.replaceAll("{", "{{").replaceAll("}", "}}");
      url += (!url.includes("?") ? "?" : /[?&]$/.test(url) ? "" : "&") + braces;
    }
    return url;
  }

  /** Reads a range of numbers as curl has it, `[1-100]`. @returns the URL, and its range */
  #readGlobs(url: string): [string, string?] {
    const [, host, rest] = /^([a-z\d+.-]+:\/\/(?:[^/?@]*@)?(?:\[[\da-f:.%]+\])?)(.*)$/is.exec(url)!;
    const ranges = rest.match(/[[{].*?(?:[\]}]|$)/gs) ?? [];
    if (ranges.length === 0) return [url];
    const range = `${ranges[0]}`;
    const [, first, last] = /^\[(0|[1-9]\d{0,14})-([1-9]\d{0,14})\]$/.exec(range) ?? [];
    if (ranges.length > 1 || first === undefined || Number(last) < Number(first)) {
      this.#unable.push("a set or a range in the URL that is not one of numbers, without '-g'");
      return [url];
    }
    this.#add("start", first);
    this.#add("requests", `${Number(last) - Number(first) + 1}`);
    return [host + rest, range];
  }
}

/** A text whose characters are the bytes of its UTF-8, as fields are sent. */
function toBytes(text: string): string {
  return Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join("");
}

/** Seconds of curl, as in `2.5`, as a duration; another text as it is. */
function toDuration(seconds: string): string {
  return /^\d*\.\d+$/.test(seconds) ? `${Math.ceil(Number(seconds) * 1000)}ms` : `${seconds}s`;
}

/** A part of a form, of which only a value is a template here. @param isText whether `@` names no file */
function toPart(given: string, isText: boolean): string {
  const at = given.indexOf("=") + 1;
  const [name, content] = [given.slice(0, at), given.slice(at)];
  if (!isText) return name + (/^[@<]/.test(content) ? content : escapeBraces(content));
  const value = escapeBraces(content);
  return name + (/^[@<" \t]|;/.test(value) ? `"${value.replace(/["\\]/g, "\\$&")}"` : value);
}
