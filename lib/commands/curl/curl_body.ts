import { escapeBraces } from "../../source/text_template.ts";

/** A piece of a body. */
interface Piece {
  /** The flag that sends a file, as it is or encoded; undefined for a text. */
  readonly flag: "data" | "data-urlencode" | undefined;
  readonly text: string;
  /** Whether `&` stands between it and the piece before: not with `--json`. */
  readonly isField: boolean;
}

/** The body that `-d` and the like of curl put together, piece by piece in their order. */
export class CurlBody {
  readonly #pieces: Piece[] = [];
  /** Whether a piece is one of `--json`. */
  isJson = false;

  get isEmpty(): boolean {
    return this.#pieces.length === 0;
  }

  /** Adds the value of an option. @param name `data`, `json`, `data-urlencode` and the like */
  add(name: string, value: string): void {
    if (name === "json") this.isJson = true;
    const encoded = name === "data-urlencode" ? encodeField(value) : value;
    const isFile = name !== "data-urlencode" && name !== "data-raw" && value.startsWith("@");
    this.#pieces.push({
      flag: encoded === undefined ? "data-urlencode" : isFile ? "data" : undefined,
      text: encoded ?? value,
      isField: name !== "json",
    });
  }

  /** The whole body, if no piece of it is a file. */
  get text(): string | undefined {
    if (this.#pieces.some(({ flag }) => flag !== undefined)) return undefined;
    return this.#pieces.reduce(
      (all, { text, isField }, k) => all + (isField && k > 0 ? "&" : "") + text,
      "",
    );
  }

  /** The flags that give the same body; undefined if files are joined without `&`. */
  toFlags(): (readonly [name: string, value: string])[] | undefined {
    const { text } = this;
    if (text !== undefined) return [toTextFlag(text)];
    if (this.#pieces.slice(1).some(({ isField }) => !isField)) return undefined;
    return this.#pieces.map(({ flag, text }) =>
      flag === undefined ? toTextFlag(text) : [flag, text]
    );
  }
}

/** The flag that sends a text, however it begins. */
function toTextFlag(text: string): readonly [name: string, value: string] {
  return [text.startsWith("@") ? "data-raw" : "data", escapeBraces(text)];
}

/**
 * A field as `--data-urlencode` encodes it: `content`, `=content` or `name=content`; undefined for
 * `@file` and `name@file`.
 */
export function encodeField(field: string): string | undefined {
  const equals = field.indexOf("=");
  if (equals < 0) return field.includes("@") ? undefined : encode(field);
  const name = field.slice(0, equals);
  return `${name}${name === "" ? "" : "="}${encode(field.slice(equals + 1))}`;
}

/** Every byte that is not unreserved (RFC 3986 §2.3) percent-encoded, a space as `+`: as curl does. */
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replaceAll("%20", "+").replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
