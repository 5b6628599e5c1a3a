/**
 * What a format of `--input` is.
 *
 * @module
 */
import type { Target } from "../target.ts";
import type { Input } from "./input.ts";
import type { InputLines, Line, LineOptions, Lines } from "./lines.ts";
import type { RequestDefaults } from "./request_defaults.ts";
import type { checkedTarget } from "./target.ts";
import type { TemplateFunctions } from "./template_functions.ts";
import type { UrlTemplate } from "./url_template.ts";

/** A format of inputs. */
export interface InputFormat {
  /** How the names of such files end, in lower case, without the dot; `.gz` can follow. */
  readonly endings: readonly string[];
  /** What messages call a record. */
  readonly unit: string;
  /** Whether a record has fields, which the placeholders of templates name. */
  readonly hasFields: boolean;
  /** Whether a URL without placeholders is the base that a record's own URL is resolved against. */
  readonly resolvesUrls: boolean;
  /** Whether a record can say what is expected of its response. */
  readonly hasOwnExpectations: boolean;
  /** Whether a record can have a method, header fields and a body of its own. */
  readonly hasOwnRequests: boolean;
  /** Loads what reads it. */
  load(): Promise<RecordReader>;
}

/** How an input is read. */
export interface ReadOptions extends LineOptions {
  /** The argument that names it, for messages. */
  readonly name: string;
  /** Whether a line that begins with `#` is a comment. @default {false} */
  readonly comments?: boolean;
}

/** Reads inputs of a format. */
export interface RecordReader {
  /** Whether records can only be read from the beginning of the input on. @default {false} */
  readonly isSequential?: boolean;
  /** The records of an input, its header among them. */
  readRecords(input: Pick<Input, "read" | "close">, options: ReadOptions): InputLines;
  /**
   * Reads the header, if the format has one.
   *
   * @returns the names of the fields of the records behind it, by place
   * @throws {UsageError} If the header is wrong, or lacks a field that a template names.
   */
  readColumns?(records: Lines, context: InputContext): Promise<readonly string[]>;
  /** Tells how targets are made of the records. */
  openRecords(context: RecordContext): RecordTargets;
}

/** What the fields of an input are for. */
export interface InputContext extends Pick<RecordContext, "template" | "defaults"> {
  /** The path of the input, for messages. */
  readonly path: string;
  /** Whether a line does not count. */
  readonly isSkipped: (line: Line) => boolean;
}

/** What targets are made from, apart from their records. */
export interface RecordContext {
  /** The template of the URLs; undefined where records give whole ones. */
  readonly template: UrlTemplate | undefined;
  readonly defaults: RequestDefaults;
  /** What the templates compute; undefined if they compute nothing. */
  readonly functions: TemplateFunctions | undefined;
  /** What the header of the input has; empty in a format without headers. */
  readonly columns: readonly string[];
  /** The URL as it may be shown in place of a record that can hold secrets. */
  readonly redactedUrl: string;
  /** Makes a target of a URL that nobody has looked at yet. */
  readonly check: typeof checkedTarget;
}

/** How targets are made of records. */
export interface RecordTargets {
  /** Makes the target of a record, by its number in the input. */
  readonly make: (i: number, record: string) => Target;
  /** What a target has whose record cannot be read. */
  readonly defaults: RequestDefaults;
}
