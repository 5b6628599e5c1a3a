import { type Capture, parseCapture } from "../check/capture.ts";
import { Pattern } from "../check/pattern.ts";
import { BELOW_400, StatusSet } from "../check/status_set.ts";
import { Form, type PackedForm } from "../form/form.ts";
import type { RetryOptions, RunOptions } from "../options/run_options.ts";
import type { RequestTemplates } from "../source/request_defaults.ts";
import { type Kind, type TemplatePart, TextTemplate } from "../source/text_template.ts";
import type { Expectation, HeaderList } from "../target.ts";

/** Whether workers need an option. The main thread does by itself whatever the others are for. */
const NEEDED = {
  abortOnThreshold: false,
  archive: true,
  body: true,
  captures: true,
  cluster: false,
  comments: false,
  concurrency: true,
  connections: true,
  connectTimeoutMs: true,
  connectTo: true,
  cookieJar: false,
  defaultScheme: true,
  details: true,
  disableKeepAlive: true,
  dryRun: false,
  durationMs: false,
  engine: true,
  expect: true,
  failures: true,
  failuresWithSecrets: true,
  flow: false,
  form: true,
  giveUpAfterMs: true,
  hdr: false,
  holdBytes: false,
  replicas: false,
  runName: false,
  headers: true,
  hostConcurrency: true,
  hostDelayMs: true,
  hostGiveUpMs: true,
  hostRate: true,
  idleTimeoutMs: true,
  inputs: true,
  ipVersion: true,
  isStdoutTaken: false,
  iterationTimeoutMs: false,
  json: false,
  localEnd: true,
  loop: false,
  lostAfterMs: false,
  maxBodyBytes: true,
  maxBytesPerSecond: true,
  method: true,
  metrics: false,
  order: true,
  otlp: false,
  output: true,
  overwrite: false,
  pauses: true,
  progress: false,
  proxy: true,
  rampUpMs: true,
  rate: true,
  raw: true,
  redirects: true,
  report: false,
  requestId: false,
  requests: false,
  resolve: true,
  resume: false,
  retry: true,
  retryFailed: false,
  saveBodies: true,
  shard: true,
  silent: false,
  slice: false,
  stages: true,
  start: false,
  streams: true,
  summaries: false,
  templates: true,
  think: true,
  threads: false,
  sync: true,
  thresholds: false,
  timeoutMs: true,
  top: true,
  tls: true,
  transport: true,
  unixSocket: true,
  url: true,
  variables: true,
  verbose: true,
  warmUpMs: true,
} as const satisfies Record<keyof RunOptions, boolean>;

type NeededName = {
  [Name in keyof typeof NEEDED]: (typeof NEEDED)[Name] extends true ? Name : never;
}[keyof typeof NEEDED];

const NEEDED_NAMES = (Object.keys(NEEDED) as (keyof RunOptions)[]).filter((name) => NEEDED[name]);

/** The options of a run that a worker needs. */
export type WorkerOptions = Pick<RunOptions, NeededName>;

/** An expectation as plain data: patterns are their sources. */
interface PackedExpectation extends Pick<Expectation, "latencyMs" | "sha256"> {
  readonly statuses: string | undefined;
  readonly headers: readonly { readonly name: string; readonly pattern: string }[] | undefined;
  readonly bodies: readonly string[] | undefined;
}

/** A template as plain data. */
interface PackedTemplate {
  readonly parts: readonly TemplatePart[];
  readonly kind: Kind;
}

/** The templates as plain data, by fields that a clone keeps the same as those of `headers`. */
interface PackedTemplates {
  readonly headers: ReadonlyMap<HeaderList[number], PackedTemplate>;
  readonly body: PackedTemplate | undefined;
  readonly bodyFlag: string | undefined;
}

/** {@linkcode WorkerOptions} as plain data. It holds secrets, and stays within the process. */
export interface PackedOptions
  extends Omit<WorkerOptions, "expect" | "captures" | "body" | "form" | "templates" | "retry"> {
  /** Undefined for a form. */
  readonly body: Uint8Array<ArrayBuffer> | undefined;
  readonly form: PackedForm | undefined;
  readonly expect: PackedExpectation;
  readonly captures: readonly string[];
  readonly templates: PackedTemplates | undefined;
  readonly retry: Omit<RetryOptions, "expected"> & { readonly expected: string | undefined };
}

/** Makes plain data of the options that a worker needs. */
export function packOptions(options: WorkerOptions): PackedOptions {
  const needed = Object.fromEntries(
    NEEDED_NAMES.map((name) => [name, options[name as NeededName]]),
  ) as unknown as WorkerOptions;
  const { expect, captures, body, form, templates, retry } = options;
  return {
    ...needed,
    body: body instanceof Uint8Array && form === undefined ? body : undefined,
    form: form?.pack(),
    expect: packExpectation(expect),
    captures: captures.map(({ text }) => text),
    templates: templates && {
      headers: new Map(Array.from(templates.headers, ([field, it]) => [field, packTemplate(it)])),
      body: templates.body instanceof TextTemplate ? packTemplate(templates.body) : undefined,
      bodyFlag: templates.bodyFlag,
    },
    retry: { ...retry, expected: retry.expected?.text },
  };
}

/** The options again, from a clone of what {@linkcode packOptions} has made. */
export function unpackOptions(packed: PackedOptions): WorkerOptions {
  const { expect, captures, body, form: parts, templates, retry } = packed;
  const form = parts && Form.unpack(parts);
  return {
    ...packed,
    body: form === undefined ? body : form.body,
    form,
    expect: unpackExpectation(expect),
    captures: captures.map((text) => parseCapture(text) as Capture),
    templates: templates && unpackTemplates(templates, form),
    retry: { ...retry, expected: unpackStatuses(retry.expected) },
  };
}

function packExpectation(
  { statuses, headers, bodies, sha256, latencyMs }: Expectation,
): PackedExpectation {
  return {
    statuses: statuses?.text,
    headers: headers?.map(({ name, pattern }) => ({ name, pattern: pattern.source })),
    bodies: bodies?.map(({ source }) => source),
    sha256,
    latencyMs,
  };
}

function unpackExpectation(
  { statuses, headers, bodies, sha256, latencyMs }: PackedExpectation,
): Expectation {
  return {
    statuses: unpackStatuses(statuses),
    headers: headers?.map(({ name, pattern }) => ({ name, pattern: new Pattern(pattern) })),
    bodies: bodies?.map((source) => new Pattern(source)),
    sha256,
    latencyMs,
  };
}

/** Others ask whether it is `BELOW_400`: that one stays the same object. */
function unpackStatuses(text: string | undefined): Expectation["statuses"] {
  if (text === undefined) return undefined;
  return text === BELOW_400.text ? BELOW_400 : StatusSet.parse(text);
}

function packTemplate({ parts, kind }: TextTemplate): PackedTemplate {
  return { parts, kind };
}

function unpackTemplates(
  { headers, body, bodyFlag }: PackedTemplates,
  form: Form | undefined,
): RequestTemplates {
  const unpack = ({ parts, kind }: PackedTemplate) => new TextTemplate(parts, kind);
  return {
    headers: new Map(Array.from(headers, ([field, template]) => [field, unpack(template)])),
    body: form !== undefined && form.body === undefined ? form : body && unpack(body),
    bodyFlag,
  };
}
