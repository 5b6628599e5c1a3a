import type { FormPart } from "./parse_part.ts";

/** The types of files by their endings, as curl has them. */
const TYPES: Readonly<Record<string, string>> = {
  gif: "image/gif",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  png: "image/png",
  svg: "image/svg+xml",
  txt: "text/plain",
  htm: "text/html",
  html: "text/html",
  pdf: "application/pdf",
  xml: "application/xml",
};
const OTHER_TYPE = "application/octet-stream";

/** The head of a part with its empty line (RFC 7578 §4). */
export function formatPartHead({ name, from, text, type, filename }: FormPart): string {
  const isFile = from === "file";
  const shownName = filename ?? (isFile ? text.replace(/^.*[/\\]/s, "") : undefined);
  const shownType = type ?? (isFile ? findType(shownName!) : undefined);
  let head = `Content-Disposition: form-data; name="${escapeParameter(name)}"`;
  if (shownName !== undefined) head += `; filename="${escapeParameter(shownName)}"`;
  if (shownType !== undefined) head += `\r\nContent-Type: ${shownType}`;
  return `${head}\r\n\r\n`;
}

function findType(filename: string): string {
  const ending = /\.([^.]*)$/.exec(filename)?.[1].toLowerCase() ?? "";
  return Object.hasOwn(TYPES, ending) ? TYPES[ending] : OTHER_TYPE;
}

/** As browsers and curl have it (HTML standard, "multipart/form-data encoding algorithm"). */
function escapeParameter(text: string): string {
  return text.replaceAll("\r", "%0D").replaceAll("\n", "%0A").replaceAll('"', "%22");
}
