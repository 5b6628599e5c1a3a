/**
 * Exchanges on their way into an archive: kept until the result of their request is final, and then
 * packed as records. Each thread has one archiver.
 *
 * @module
 */
import { dirname } from "node:path";
import { ByteBuffer } from "../../byte_buffer.ts";
import type {
  ExchangeSink,
  ExchangeStart,
  ExchangeTap,
  RequestTap,
} from "../../engine/exchange.ts";
import { ReservedDescriptors } from "../../process/reserved_descriptors.ts";
import type { Result } from "../../result.ts";
import type { Target } from "../../target.ts";
import { beginCdxjLine, formatCapture } from "../../warc/cdxj.ts";
import { digestBytes } from "../../warc/digest.ts";
import { EXTENSION_FIELDS } from "../../warc/extension_fields.ts";
import { createRecordId, formatField, formatRecordHead } from "../../warc/record_head.ts";
import { RecordPacker } from "../../warc/record_packer.ts";
import { toTargetUri } from "../../warc/target_uri.ts";
import { formatMs, toIso } from "../record.ts";
import { BufferPool } from "./buffer_pool.ts";
import { ExchangeSpool, type SpoolContext } from "./exchange_spool.ts";
import { toSpoolPrefix } from "./archive_paths.ts";
import type { PackedExchanges, SpooledPart } from "./packed_exchanges.ts";
import { MAX_SEEN, SeenPayloads, type SeenRecord } from "./seen_payloads.ts";
import type { SpoolFile } from "./spool_file.ts";
import { MAX_HELD_BYTES, type SpooledBlock } from "./spooled_block.ts";

/** ISO 28500:2017 §6.7.2. */
const REVISIT_PROFILE = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest";

/** What an archive holds, and where it is. */
export interface ArchiveOptions {
  /** The path of its first file. */
  readonly path: string;
  /** Whether each record is a gzip member. */
  readonly gzip: boolean;
  /** Whether a payload that the archive has is not stored again. */
  readonly dedupe: boolean;
  /** Whether an index of it is written. */
  readonly cdx: boolean;
}

/** Which of the threads of a run packs exchanges. */
export interface ArchiverThread {
  /** Names the run among those that write the archive. */
  readonly run: string;
  /** Its number, from 0. @default 0 */
  readonly thread?: number;
  /** How many there are. @default 1 */
  readonly threads?: number;
}

/** Keeps the exchanges of requests, and packs them. */
export class Archiver implements ExchangeTap {
  readonly #packer: RecordPacker;
  readonly #context: SpoolContext;
  readonly #seen: SeenPayloads | undefined;
  /**
   * Those of requests that have no result yet: in flight, or waiting for their retry; at most three
   * times the concurrency.
   */
  readonly #requests = new Map<number, RequestSpool>();
  /** Packed records; whoever adds some looks at {@linkcode length}. */
  readonly #packed = new ByteBuffer();
  #parts: SpooledPart[] = [];
  #partsLength = 0;
  #responses: number[] = [];
  /** The lines of the index of packed records; undefined if the archive has no index. */
  #captures: string | undefined;
  /** What {@linkcode peek} has given of all that. */
  #peeked = NOTHING_PEEKED;

  constructor(
    { path, gzip, dedupe, cdx }: ArchiveOptions,
    { run, thread = 0, threads = 1 }: ArchiverThread,
  ) {
    this.#packer = new RecordPacker(gzip);
    this.#context = {
      place: {
        archive: path,
        prefix: `${toSpoolPrefix(path)}${run}.${thread}.`,
        packer: this.#packer,
        spare: new ReservedDescriptors(dirname(path)),
      },
      headUse: { isKept: dedupe, isTyped: cdx },
      requestBuffers: new BufferPool(MAX_HELD_BYTES),
      responseBuffers: new BufferPool(MAX_HELD_BYTES),
    };
    this.#seen = dedupe ? new SeenPayloads(Math.ceil(MAX_SEEN / threads)) : undefined;
    this.#captures = cdx ? "" : undefined;
  }

  begin({ i }: Target): RequestTap {
    // An earlier attempt, which is now made again.
    this.#drop(i);
    const request = new RequestSpool(this.#context);
    this.#requests.set(i, request);
    return request;
  }

  /**
   * Packs the exchanges of a request whose result is final, and forgets them. Those without a
   * response are dropped, and so are those of a request that a later run makes again.
   *
   * @returns whether it has a response
   * @throws {OutputError} If the end of one cannot be written.
   */
  add(result: Result, isMadeAgain: boolean): boolean {
    const { i } = result.target;
    const request = this.#requests.get(i);
    if (request === undefined) return false;
    // A result without an engine is not that of these exchanges.
    if (isMadeAgain || result.engine === null) {
      this.#drop(i);
      return false;
    }
    this.#requests.delete(i);
    const last = request.exchanges.findLast(({ headLength }) => headLength > 0);
    for (const exchange of request.exchanges) {
      if (exchange.headLength === 0) exchange.discard();
      else this.#pack(exchange, exchange === last ? result : undefined);
    }
    return last !== undefined;
  }

  #drop(i: number): void {
    const request = this.#requests.get(i);
    this.#requests.delete(i);
    request?.discard();
  }

  /** @param result of the request, if this is its last response */
  #pack(exchange: ExchangeSpool, result: Result | undefined): void {
    const { start: { url, protocol, address, at }, end } = exchange;
    const requestId = createRecordId();
    const responseId = createRecordId();
    const uri = toTargetUri(url);
    const date = toIso(at);
    const common = formatField("WARC-Date", date) +
      formatField("WARC-Target-URI", uri) +
      formatField("WARC-IP-Address", address) +
      formatField("WARC-Protocol", protocol);
    this.#packBlock(
      exchange.request,
      formatField("WARC-Type", "request") +
        formatField("WARC-Record-ID", requestId) +
        common +
        formatField("WARC-Concurrent-To", responseId) +
        (end?.isRequestWhole === false ? formatField("WARC-Truncated", "unspecified") : "") +
        formatField("Content-Type", "application/http;msgtype=request"),
    );
    if (result !== undefined) this.#responses.push(this.length);
    const payload = exchange.takePayloadDigest();
    let own = formatField("WARC-Record-ID", responseId) +
      common +
      formatField("WARC-Concurrent-To", requestId) +
      formatField("WARC-Payload-Digest", payload) +
      formatField("Content-Type", "application/http;msgtype=response");
    for (const line of exchange.trailers) {
      own += formatField(EXTENSION_FIELDS.trailer, toFieldValue(line));
    }
    if (result !== undefined) own += formatExtensionFields(result);
    const isWhole = end?.cut === undefined;
    const isComparable = isWhole && exchange.payloadLength > 0;
    const seen = isComparable ? this.#seen?.find(payload) : undefined;
    const from = this.length;
    if (seen !== undefined) this.#packRevisit(exchange, seen, own);
    else {
      if (isComparable) this.#seen?.add(payload, { id: responseId, uri, date });
      this.#packBlock(
        exchange.response,
        formatField("WARC-Type", "response") + own + formatField("WARC-Truncated", end?.cut),
      );
    }
    if (this.#captures === undefined) return;
    const beginning = beginCdxjLine({
      url: uri,
      dateDigits: date.replace(/\D/g, ""),
      type: seen === undefined ? "response" : "revisit",
      status: exchange.status,
      mediaType: exchange.mediaType,
      digest: payload,
    });
    this.#captures += formatCapture(beginning, from, this.length - from);
  }

  /** A payload that is the same as one before: only its head is stored. */
  #packRevisit(exchange: ExchangeSpool, seen: SeenRecord, own: string): void {
    const head = exchange.head!;
    exchange.response.discard();
    const fields = formatField("WARC-Type", "revisit") +
      own +
      formatField("WARC-Profile", REVISIT_PROFILE) +
      formatField("WARC-Refers-To", seen.id) +
      formatField("WARC-Refers-To-Target-URI", seen.uri) +
      formatField("WARC-Refers-To-Date", seen.date) +
      // It is the reason that the profile wants.
      formatField("WARC-Truncated", "length") +
      formatField("WARC-Block-Digest", digestBytes(head));
    this.#packer.pack(formatRecordHead(fields, head.length), head, this.#packed);
  }

  /** Packs a block, which is gone then. */
  #packBlock(block: SpooledBlock, fields: string): void {
    const bytes = block.view();
    if (bytes === undefined) {
      this.#packFile(block.takeFile(), fields);
    } else {
      const digest = formatField("WARC-Block-Digest", digestBytes(bytes));
      this.#packer.pack(formatRecordHead(fields + digest, bytes.length), bytes, this.#packed);
    }
    block.discard();
  }

  #packFile(file: SpoolFile, fields: string): void {
    const digest = formatField("WARC-Block-Digest", file.takeDigest());
    const head = formatRecordHead(fields + digest, file.length);
    const before = this.#packer.packBefore(head, this.#packed);
    const { path, packedLength, packedCrc: crc } = file;
    this.#parts.push({ at: this.#packed.length, path, length: packedLength, crc });
    this.#partsLength += packedLength;
    this.#packer.packAfter(before, file, this.#packed);
  }

  /** How many bytes {@linkcode take} gives, also on the disk. */
  get length(): number {
    return this.#packed.length + this.#partsLength;
  }

  /** How many bytes {@linkcode peek} gives, also on the disk. */
  get freshLength(): number {
    return this.length - this.#peeked.length;
  }

  /**
   * What was packed since it was called last, which stays; its bytes are valid until the next `add`.
   * Undefined without any.
   */
  peek(): PackedExchanges | undefined {
    const peeked = this.#peeked;
    const { length } = this;
    if (length === peeked.length) return undefined;
    this.#peeked = {
      length,
      bytes: this.#packed.length,
      parts: this.#parts.length,
      responses: this.#responses.length,
      captures: this.#captures?.length ?? 0,
    };
    return {
      bytes: this.#packed.view().subarray(peeked.bytes),
      parts: this.#parts.slice(peeked.parts)
        .map((part) => ({ ...part, at: part.at - peeked.bytes })),
      responses: this.#responses.slice(peeked.responses),
      captures: this.#captures?.slice(peeked.captures),
      base: peeked.length,
    };
  }

  /** Takes the records that are packed; undefined without any. */
  take(): PackedExchanges | undefined {
    const taken = this.borrow();
    return taken && { ...taken, bytes: taken.bytes.slice() };
  }

  /** As {@linkcode take}, with bytes that are valid until the next `add`. */
  borrow(): PackedExchanges | undefined {
    if (this.#packed.length === 0) return undefined;
    const taken = {
      bytes: this.#packed.view(),
      parts: this.#parts,
      responses: this.#responses,
      captures: this.#captures,
    };
    this.#packed.length = 0;
    this.#parts = [];
    this.#responses = [];
    if (this.#captures !== undefined) this.#captures = "";
    this.#partsLength = 0;
    this.#peeked = NOTHING_PEEKED;
    return taken;
  }

  /** Drops what was not taken. */
  close(): void {
    for (const i of [...this.#requests.keys()]) this.#drop(i);
    this.#context.place.spare.close();
    this.#packer.close();
  }
}

const NOTHING_PEEKED = { length: 0, bytes: 0, parts: 0, responses: 0, captures: 0 };

/** What tells readers which request it was, and how it went. */
function formatExtensionFields(
  { target: { i }, ms, attempts, bytes, error }: Result,
): string {
  return formatField(EXTENSION_FIELDS.number, i) +
    formatField(EXTENSION_FIELDS.ms, formatMs(ms)) +
    formatField(EXTENSION_FIELDS.attempts, attempts) +
    formatField(EXTENSION_FIELDS.bytes, bytes) +
    formatField(EXTENSION_FIELDS.error, error);
}

/** What a server sent, as the value of a named field: no control character ends or hides anything. */
function toFieldValue(text: string): string {
  // deno-lint-ignore no-control-regex -- they are what is replaced
  return text.replace(/[\x00-\x1f\x7f]/g, " ").trim();
}

/** The exchanges of a request, in the order in which they were made. */
class RequestSpool implements RequestTap {
  readonly #context: SpoolContext;
  /** As many as redirects may be followed, and repetitions over other connections. */
  readonly exchanges: ExchangeSpool[] = [];

  constructor(context: SpoolContext) {
    this.#context = context;
  }

  onExchange(start: ExchangeStart): ExchangeSink {
    const exchange = new ExchangeSpool(start, this.#context);
    this.exchanges.push(exchange);
    return exchange;
  }

  discard(): void {
    for (const exchange of this.exchanges) exchange.discard();
  }
}
