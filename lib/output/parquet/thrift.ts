/**
 * Apache Thrift's compact protocol, in which Parquet's headers and footer are written: as much of it
 * as they take.
 *
 * @module
 */
import { joinBytes } from "../../byte_buffer.ts";

/** What a field can be. */
export type ThriftValue =
  | { readonly kind: "bool"; readonly value: boolean }
  | { readonly kind: "i16" | "i32" | "i64"; readonly value: number }
  | { readonly kind: "binary"; readonly value: Uint8Array }
  | { readonly kind: "list"; readonly value: readonly ThriftValue[]; readonly of: ElementKind }
  | { readonly kind: "struct"; readonly value: ThriftStruct }
  /** A struct that is encoded already. */
  | { readonly kind: "encoded"; readonly value: Uint8Array };

/** Fields by their numbers, in ascending order; a field that is undefined is left out. */
export type ThriftStruct = readonly (readonly [id: number, value: ThriftValue | undefined])[];

type ElementKind = "i32" | "binary" | "struct";

/** The types of the compact protocol. */
const TRUE = 1;
const FALSE = 2;
const TYPES = { i16: 4, i32: 5, i64: 6, binary: 8, list: 9, struct: 12, encoded: 12 } as const;

/** Longer lists have their length behind the byte of their type. */
const MAX_SHORT_LIST = 14;
const STOP = new Uint8Array([0]);

const encoder = new TextEncoder();

/** A text as a field. */
export function text(value: string): ThriftValue {
  return { kind: "binary", value: encoder.encode(value) };
}

/** A whole number as a field. @param value from 0 */
export function i32(value: number): ThriftValue {
  return { kind: "i32", value };
}

/** A whole number as a field. @param value from 0 to 2^53 - 1 */
export function i64(value: number): ThriftValue {
  return { kind: "i64", value };
}

/** A struct as a field. */
export function struct(...value: ThriftStruct): ThriftValue {
  return { kind: "struct", value };
}

/** A list as a field. @param of the kind of its elements */
export function list(of: ElementKind, value: readonly ThriftValue[]): ThriftValue {
  return { kind: "list", value, of };
}

/** Encodes a struct. */
export function encodeStruct(fields: ThriftStruct): Uint8Array<ArrayBuffer> {
  const pieces: Uint8Array[] = [];
  appendStruct(pieces, fields);
  return joinBytes(...pieces);
}

function appendStruct(pieces: Uint8Array[], fields: ThriftStruct): void {
  let before = 0;
  for (const [id, value] of fields) {
    if (value === undefined) continue;
    // The difference to the field before: always from 1 to 15 in Parquet's structs.
    pieces.push(new Uint8Array([(id - before) << 4 | toType(value)]));
    before = id;
    if (value.kind !== "bool") appendValue(pieces, value);
  }
  pieces.push(STOP);
}

function toType(value: ThriftValue): number {
  if (value.kind === "bool") return value.value ? TRUE : FALSE;
  return TYPES[value.kind];
}

function appendValue(pieces: Uint8Array[], value: Exclude<ThriftValue, { kind: "bool" }>): void {
  switch (value.kind) {
    case "binary":
      pieces.push(toVarint(value.value.length), value.value);
      break;
    case "list": {
      const { length } = value.value;
      const type = TYPES[value.of];
      if (length <= MAX_SHORT_LIST) pieces.push(new Uint8Array([length << 4 | type]));
      else pieces.push(new Uint8Array([0xf0 | type]), toVarint(length));
      for (const element of value.value) {
        appendValue(pieces, element as Exclude<ThriftValue, { kind: "bool" }>);
      }
      break;
    }
    case "struct":
      appendStruct(pieces, value.value);
      break;
    case "encoded":
      pieces.push(value.value);
      break;
    default:
      // Zigzag: twice the number, as it is never negative.
      pieces.push(toVarint(2 * value.value));
  }
}

/** A number in groups of 7 bits, the lowest first (ULEB128). @param value from 0 to 2^54 */
export function toVarint(value: number): Uint8Array {
  const bytes: number[] = [];
  while (value >= 0x80) {
    bytes.push(value % 0x80 | 0x80);
    value = Math.floor(value / 0x80);
  }
  bytes.push(value);
  return new Uint8Array(bytes);
}
