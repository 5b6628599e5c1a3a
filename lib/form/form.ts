import { joinBytes } from "../byte_buffer.ts";
import type { Lookup } from "../source/lookup.ts";
import { type Kind, type TemplatePart, TextTemplate } from "../source/text_template.ts";
import type { RequestBody } from "../target.ts";
import { FormFile } from "./form_file.ts";
import { PiecedBody } from "./pieced_body.ts";

/** What a form is made of: bytes that stay as they are, templates, and files. */
export type FormPiece = Uint8Array<ArrayBuffer> | TextTemplate | FormFile;

/** A piece as plain data. */
type PackedPiece =
  | Uint8Array<ArrayBuffer>
  | { readonly parts: readonly TemplatePart[]; readonly kind: Kind }
  | { readonly path: string; readonly length: number };

/** A form as plain data, for another thread. */
export type PackedForm = readonly PackedPiece[];

const encoder = new TextEncoder();

/** The body of a form, multipart/form-data (RFC 7578), which each request fills in. */
export class Form {
  readonly #pieces: readonly FormPiece[];
  /** What says whether it is the same form, as JSON has it; bytes stand for their hash. */
  readonly identity: unknown;
  /** The body, where it is the same for each request; undefined if templates are filled in. */
  readonly body: RequestBody | undefined;

  constructor(pieces: readonly FormPiece[], identity: unknown = null) {
    this.#pieces = pieces;
    this.identity = identity;
    const body = this.expand(() => undefined);
    this.body = "missing" in body ? undefined : body;
  }

  static unpack(packed: PackedForm): Form {
    return new Form(packed.map((piece) => {
      if (piece instanceof Uint8Array) return piece;
      return "path" in piece
        ? new FormFile(piece.path, piece.length)
        : new TextTemplate(piece.parts, piece.kind);
    }));
  }

  pack(): PackedForm {
    return this.#pieces.map((piece) => {
      if (piece instanceof Uint8Array) return piece;
      return piece instanceof FormFile
        ? { path: piece.path, length: piece.length }
        : { parts: piece.parts, kind: piece.kind };
    });
  }

  get templates(): readonly TextTemplate[] {
    return this.#pieces.filter((piece) => piece instanceof TextTemplate);
  }

  /** The files that are read anew for each request. */
  get files(): readonly FormFile[] {
    return this.#pieces.filter((piece) => piece instanceof FormFile);
  }

  /** The body with the values of its placeholders, or where the first one without a value begins. */
  expand(lookup: Lookup): RequestBody | { readonly missing: number } {
    const pieces: (Uint8Array | FormFile)[] = [];
    let isWhole = true;
    for (const piece of this.#pieces) {
      if (piece instanceof TextTemplate) {
        const text = piece.expand(lookup);
        if (typeof text !== "string") return text;
        pieces.push(encoder.encode(text));
      } else {
        pieces.push(piece);
        if (piece instanceof FormFile) isWhole = false;
      }
    }
    return isWhole ? joinBytes(...pieces as Uint8Array[]) : new PiecedBody(pieces);
  }
}
