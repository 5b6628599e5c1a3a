/**
 * Numbers as people read them.
 *
 * @module
 */

/** 1234567 as `1,234,567`. */
export function formatCount(count: number): string {
  return Math.round(count).toString().replace(/\B(?=(\d{3})+$)/g, ",");
}

/** `1 request`, `1,234,567 requests`. */
export function formatRequests(count: number): string {
  return `${formatCount(count)} ${count === 1 ? "request" : "requests"}`;
}

/** A count of what a list leaves out: `1 other`, `7 others`. */
export function formatOthers(count: number): string {
  return `${formatCount(count)} ${count === 1 ? "other" : "others"}`;
}

/** A count of events: `once`, `7 times`. */
export function formatTimes(count: number): string {
  return count === 1 ? "once" : `${formatCount(count)} times`;
}

/** The title of a latency figure: `p999` as `p99.9`. */
export function latencyTitle(name: string): string {
  return name.replace(/^p(\d\d)(\d+)$/, "p$1.$2");
}

/** Milliseconds in the unit that suits them: `340 us`, `12.3 ms`, `1.50 s`. */
export function formatMs(ms: number): string {
  if (ms === 0) return "0 s";
  if (ms < 0.9995) return `${Math.round(ms * 1000)} us`;
  if (ms < 999.5) return `${threeDigits(ms)} ms`;
  return ms < 600_000 ? `${threeDigits(ms / 1000)} s` : formatClock(ms / 1000);
}

/** A latency in milliseconds; `none` where no response was measured. */
export function formatLatency(ms: number, responses: number, none = "-"): string {
  return responses > 0 ? formatMs(ms) : none;
}

/** Seconds as a clock: `42s`, `1:02:03`, `3d 04:05:06`. */
export function formatClock(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}s`;
  const two = (value: number): string => `${Math.floor(value)}`.padStart(2, "0");
  const [days, hours] = [Math.floor(whole / 86_400), Math.floor(whole / 3600) % 24];
  const clock = `${two(whole / 60 % 60)}:${two(whole % 60)}`;
  if (days > 0) return `${days}d ${two(hours)}:${clock}`;
  return hours > 0 ? `${hours}:${clock}` : clock.replace(/^0/, "");
}

/** A duration in seconds: below a second `84 ms`, else a clock, `1:02:03`. */
export function formatTook(seconds: number): string {
  return seconds < 0.9995 ? formatMs(seconds * 1000) : formatClock(seconds);
}

/** Bytes in powers of 1,000: `13 B`, `1.21 MB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  for (const unit of ["B", "kB", "MB", "GB"]) {
    if (value < 999.5) return `${unit === "B" ? Math.round(value) : threeDigits(value)} ${unit}`;
    value /= 1000;
  }
  return `${threeDigits(value)} TB`;
}

/** A rate a second: `0.52`, `660`, `25,321`. */
export function formatRate(rate: number): string {
  return rate < 100 ? threeDigits(rate) : formatCount(rate);
}

/** What a number is counted in. */
export type Unit = "count" | "%" | "/s" | "s" | "ms" | "us" | "bytes" | "KiB";

const FORMATS: Readonly<Record<Unit, (value: number) => string>> = {
  count: formatCount,
  "%": (percent) => formatShare(percent / 100),
  "/s": (rate) => `${formatRate(rate)}/s`,
  s: (seconds) => formatMs(seconds * 1000),
  ms: formatMs,
  us: (us) => formatMs(us / 1000),
  bytes: formatBytes,
  KiB: (kib) => formatBytes(kib * 1024),
};

/** A number with its unit, as people read it. */
export function formatNumber(value: number, unit: Unit): string {
  return FORMATS[unit](value);
}

/** A share, 0 to 1, as a percentage; only 1 is `100.0 %`, and only 0 is `0.0 %`. */
export function formatShare(share: number): string {
  if (share > 0.999 && share < 1) return `${(Math.floor(share * 100_000) / 1000).toFixed(3)} %`;
  if (share > 0 && share < 0.001) return "<0.1 %";
  return `${(share * 100).toFixed(1)} %`;
}

/** A number from 0 on with three significant digits: `1.50`, `12.3`, `660`. */
export function threeDigits(value: number): string {
  if (value >= 99.95) return formatCount(value);
  return value.toFixed(value >= 9.995 ? 1 : 2);
}
