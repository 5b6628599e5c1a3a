/** The formats of a summary, by the endings of names of files; a name without one has the first. */
export const SUMMARY_FORMATS = {
  json: { endings: ["json", "txt"] },
  markdown: { endings: ["md"] },
  junit: { endings: ["xml"] },
} as const;

/** The name of a format. */
export type SummaryFormat = keyof typeof SUMMARY_FORMATS;
