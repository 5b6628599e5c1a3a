import type { LoadPackage } from "../target.ts";

/** What llhttp makes of a response. */
export interface LlhttpResponse {
  readonly status: number;
  readonly body: string;
  /** How many bytes belong to the response. */
  readonly taken: number;
}

interface Llhttp {
  readonly memory: WebAssembly.Memory;
  _initialize(): void;
  malloc(bytes: number): number;
  free(address: number): void;
  llhttp_alloc(type: number): number;
  llhttp_free(parser: number): void;
  llhttp_execute(parser: number, address: number, length: number): number;
  llhttp_get_error_pos(parser: number): number;
}

const RESPONSE = 2;
const PAUSED = 21;

/** What the parser tells during a call. */
let told = { status: 0, body: "", isDone: false, isHead: false };
let llhttp: Llhttp | undefined;

/** Loads llhttp, the parser of Node, as undici has it. */
export async function loadLlhttp(load: LoadPackage): Promise<void> {
  const module = new WebAssembly.Module(
    await load("undici", "7.16.0", "undici/lib/llhttp/llhttp-wasm.js") as BufferSource,
  );
  const nothing = (): number => 0;
  const { exports } = new WebAssembly.Instance(module, {
    env: {
      wasm_on_url: nothing,
      wasm_on_status: nothing,
      wasm_on_message_begin: nothing,
      wasm_on_header_field: nothing,
      wasm_on_header_value: nothing,
      wasm_on_headers_complete: (_parser: number, status: number): number => {
        told.status = status;
        return told.isHead ? 1 : 0;
      },
      wasm_on_body: (_parser: number, at: number, length: number): number => {
        for (const byte of new Uint8Array(llhttp!.memory.buffer, at, length)) {
          told.body += String.fromCharCode(byte);
        }
        return 0;
      },
      wasm_on_message_complete: (): number => {
        if (told.status < 200 && told.status !== 101) return 0;
        told.isDone = true;
        return PAUSED;
      },
    },
  });
  llhttp = exports as unknown as Llhttp;
  llhttp._initialize();
}

/** Reads a response; undefined if it is not complete, or wrong, or llhttp is not loaded. */
export function readByLlhttp(bytes: Uint8Array, isHead: boolean): LlhttpResponse | undefined {
  if (llhttp === undefined) return undefined;
  told = { status: 0, body: "", isDone: false, isHead };
  const parser = llhttp.llhttp_alloc(RESPONSE);
  const address = llhttp.malloc(bytes.length + 1);
  try {
    new Uint8Array(llhttp.memory.buffer, address, bytes.length).set(bytes);
    const result = llhttp.llhttp_execute(parser, address, bytes.length);
    if (!told.isDone || result !== PAUSED) return undefined;
    const { status, body } = told;
    return { status, body, taken: llhttp.llhttp_get_error_pos(parser) - address };
  } finally {
    llhttp.free(address);
    llhttp.llhttp_free(parser);
  }
}
