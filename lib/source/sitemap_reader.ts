import { InputError, UsageError } from "../errors.ts";
import type { Step } from "../stream.ts";
import type { Input } from "./input.ts";
import { openInput } from "./open_input.ts";
import { type InputLines, type Line, MAX_LINE, OverlongLine } from "./lines.ts";
import { isRemote, showPath } from "./remote_path.ts";
import { createTextReader, type TextReader } from "./text_reader.ts";
import { decodeEntities } from "./xml_entities.ts";

/** The maximum number of characters of a tag. */
const MAX_TAG_LENGTH = 64 * 1024;

const CDATA = "<![CDATA[";
const NAME = /^<\/?([^\s/>]+)/;
/** A tag up to its end; a `>` in the value of an attribute does not end it. */
const TAG = /^<(?:[^>"']|"[^"]*"|'[^']*')*>/;

/** An element that is read: what its start tag or its end tag says. */
interface Tag {
  readonly name: string;
  readonly isEnd: boolean;
  readonly isEmpty: boolean;
}

/** Options for {@linkcode SitemapReader}. */
export interface SitemapOptions {
  /** What messages call it. */
  readonly name: string;
  /** Whether it may be an index of sitemaps. */
  readonly canBeIndex: boolean;
}

/**
 * The URLs of a sitemap (sitemaps.org), or of all sitemaps that an index names, which are fetched one
 * after the other. It reads as a stream, and holds a piece of text and one URL. Of XML it knows what
 * sitemaps have: a DOCTYPE, which could define entities, is refused.
 */
export class SitemapReader implements InputLines {
  readonly #input: Pick<Input, "read" | "close">;
  readonly #options: SitemapOptions;
  #decoder: TextReader | undefined;
  /** Decoded text, of which `#at` on is not read yet; at most a tag and a piece. */
  #text = "";
  #at = 0;
  /** Lines that have ended before `#at`. */
  #lines = 0;
  #hasEnded = false;
  /** What stands before the names of its elements, such as `sm:`; undefined before the root. */
  #prefix: string | undefined;
  #isIndex = false;
  #isInEntry = false;
  /** The text of a URL so far, at most {@linkcode MAX_LINE} and a piece; undefined outside of one. */
  #url: string | undefined;
  /** The sitemap that is read, of an index. */
  #child: SitemapReader | undefined;
  #isClosed = false;
  line = 0;
  readonly hasOpenRecord = true;

  constructor(input: Pick<Input, "read" | "close">, options: SitemapOptions) {
    this.#input = input;
    this.#options = options;
  }

  get lineCount(): number {
    return this.#lines;
  }

  /** Of an index: what of it is not read yet, so that progress is by the sitemaps. */
  get unread(): number {
    return (this.#decoder?.unread ?? 0) + this.#text.length - this.#at;
  }

  /**
   * Reads up to the root element.
   *
   * @throws {UsageError} If it is not a sitemap.
   */
  async begin(): Promise<void> {
    const tag = await this.#nextTag();
    const [, prefix = "", local] = /^(.*:)?([^:]*)$/.exec(tag?.name ?? "") ?? [];
    const isIndex = local === "sitemapindex";
    if (tag === undefined || tag.isEnd || !isIndex && local !== "urlset") {
      const what = tag === undefined ? "it has no element" : `it begins with <${tag.name}>`;
      throw new UsageError(
        `Cannot read '${this.#options.name}': it is not a sitemap: ${what.slice(0, 100)}: ` +
          "use one of <urlset> or <sitemapindex>, or --input-format for another format",
      );
    }
    if (isIndex && !this.#options.canBeIndex) {
      throw new UsageError(
        `Cannot read '${this.#options.name}': an index names it, and it is an index`,
      );
    }
    this.#prefix = prefix;
    this.#isIndex = isIndex;
    if (tag.isEmpty) this.#hasEnded = true;
  }

  /**
   * The next URL.
   *
   * @throws {InputError} If it breaks off, or is not well-formed, or a sitemap of an index cannot be read.
   */
  async next(): Promise<Step<Line>> {
    for (;;) {
      const step = await this.#child?.next();
      if (step?.done === false) {
        this.line = this.#child!.line;
        return step;
      }
      this.#child = undefined;
      const url = await this.#nextUrl();
      if (url === undefined) {
        this.#input.close();
        return { value: undefined, done: true };
      }
      if (!this.#isIndex) return { value: url, done: false };
      this.#child = await this.#openChild(url);
      if (this.#isClosed) this.#child.return();
    }
  }

  async #openChild(url: Line): Promise<SitemapReader> {
    const path = url instanceof OverlongLine ? url.start : url;
    const name = `${this.#options.name}, sitemap ${showPath(path)}`;
    try {
      if (!isRemote(path)) throw new UsageError(`Cannot read '${name}': it is not a URL`);
      const input = await openInput(path, name);
      const child = new SitemapReader(input, { name, canBeIndex: false });
      try {
        await child.begin();
      } catch (error) {
        input.close();
        throw error;
      }
      return child;
    } catch (error) {
      throw error instanceof UsageError ? new InputError(error.message) : error;
    }
  }

  /** The next URL of this file; undefined at its end. */
  async #nextUrl(): Promise<Line | undefined> {
    const prefix = this.#prefix;
    while (!this.#hasEnded) {
      const tag = await this.#nextTag();
      if (this.#isClosed) return undefined;
      if (tag === undefined) {
        this.#fail("the input broke off (its XML is cut short): make it whole");
      }
      const { name, isEnd, isEmpty } = tag;
      if (name === `${prefix}loc` && this.#isInEntry && !isEmpty) {
        if (!isEnd) {
          this.#url = "";
          this.line = this.#lines + 1;
          continue;
        }
        const url = decodeEntities(this.#url ?? "").trim();
        this.#url = undefined;
        if (url === "") continue;
        return url.length > MAX_LINE ? new OverlongLine(url) : url;
      }
      const root = this.#isIndex ? "sitemapindex" : "urlset";
      if (name === (this.#isIndex ? `${prefix}sitemap` : `${prefix}url`)) this.#isInEntry = !isEnd;
      else if (name === `${prefix}${root}` && isEnd) this.#hasEnded = true;
    }
    return undefined;
  }

  #fail(why: string): never {
    this.return();
    throw new InputError(`Cannot read '${this.#options.name}' to its end: ${why}`);
  }

  /** The next tag; the text before it belongs to the URL at hand, if there is one. */
  async #nextTag(): Promise<Tag | undefined> {
    for (;;) {
      const open = this.#text.indexOf("<", this.#at);
      this.#keep(open < 0 ? this.#text.length : open, true);
      if (open < 0) {
        if (!await this.#fill()) return undefined;
        continue;
      }
      while (this.#text.length - this.#at < CDATA.length && await this.#fill());
      if (this.#isNext("<!--")) await this.#skipTo("-->", false);
      else if (this.#isNext("<?")) await this.#skipTo("?>", false);
      else if (this.#isNext(CDATA)) {
        this.#advance(this.#at + CDATA.length);
        await this.#skipTo("]]>", true);
      } else if (this.#isNext("<!")) {
        this.#fail("it has a DOCTYPE, which sitemaps do not have: leave it out");
      } else return await this.#readTag();
    }
  }

  #isNext(text: string): boolean {
    return this.#text.startsWith(text, this.#at);
  }

  async #readTag(): Promise<Tag> {
    for (;;) {
      const rest = this.#text.slice(this.#at, this.#at + MAX_TAG_LENGTH);
      const tag = rest.includes(">") ? TAG.exec(rest)?.[0] : undefined;
      if (tag !== undefined) {
        this.#advance(this.#at + tag.length);
        const name = NAME.exec(tag)?.[1];
        if (name === undefined) this.#fail("it is not XML: a tag has no name");
        return { name, isEnd: tag.startsWith("</"), isEmpty: tag.endsWith("/>") };
      }
      if (rest.length === MAX_TAG_LENGTH) this.#fail("it is not XML: a tag is longer than 64 KiB");
      if (!await this.#fill()) {
        this.#fail("the input broke off (its XML is cut short): make it whole");
      }
    }
  }

  /** Reads up to what ends something. @param isKept whether what stands before that is text */
  async #skipTo(end: string, isKept: boolean): Promise<void> {
    for (;;) {
      const at = this.#text.indexOf(end, this.#at);
      if (at >= 0) {
        if (isKept) this.#keep(at, false);
        this.#advance(at + end.length);
        return;
      }
      const whole = Math.max(this.#at, this.#text.length - end.length + 1);
      if (isKept) this.#keep(whole, false);
      this.#advance(whole);
      if (!await this.#fill()) {
        this.#fail("the input broke off (its XML is cut short): make it whole");
      }
    }
  }

  /** Adds text to the URL at hand, and goes on behind it. @param hasEntities whether it has */
  #keep(to: number, hasEntities: boolean): void {
    if (this.#url !== undefined && this.#url.length <= MAX_LINE) {
      const text = this.#text.slice(this.#at, to);
      // They are decoded at the end: the end of a piece can cut one in two.
      this.#url += hasEntities ? text : text.replaceAll("&", "&amp;");
    }
    this.#advance(to);
  }

  #advance(to: number): void {
    for (let at = this.#at; (at = this.#text.indexOf("\n", at)) >= 0 && at < to; at++) {
      this.#lines++;
    }
    this.#at = to;
  }

  /** Reads another piece. @returns false at the end */
  async #fill(): Promise<boolean> {
    for (;;) {
      const text = this.#decoder?.next();
      if (text !== undefined) {
        this.#text = this.#text.slice(this.#at) + text;
        this.#at = 0;
        return true;
      }
      const block = this.#isClosed ? undefined : await this.#input.read();
      if (block === undefined) return false;
      this.#decoder ??= createTextReader(block);
      this.#decoder.add(block);
    }
  }

  return(): void {
    this.#isClosed = true;
    this.#child?.return();
    this.#input.close();
  }
}
