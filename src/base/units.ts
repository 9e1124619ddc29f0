/**
 * Sizes and durations, read and printed. Memory is printed in IEC units (KiB = 1024); sizes are read in both families,
 * as Kubernetes and people write them: `64MiB`, `64MB`, `512Mi`, `65536`.
 */
import { Failure } from "./failure.ts";

const UNIT_BYTES: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  k: 1e3,
  kb: 1e3,
  m: 1e6,
  mb: 1e6,
  g: 1e9,
  gb: 1e9,
  t: 1e12,
  tb: 1e12,
  ki: 1024,
  kib: 1024,
  mi: 1024 ** 2,
  mib: 1024 ** 2,
  gi: 1024 ** 3,
  gib: 1024 ** 3,
  ti: 1024 ** 4,
  tib: 1024 ** 4,
};

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1e3, m: 60e3, min: 60e3, h: 3600e3, d: 86400e3 };

/** Bytes of a size as people write it. @throws Failure `usage` */
export function parseBytes(text: string): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(text);
  const unit = match === null ? undefined : UNIT_BYTES[(match[2] ?? "").toLowerCase()];
  if (match === null || unit === undefined) {
    throw new Failure({ code: "usage", message: `"${text}" is not a size`, hint: "Write 512Mi, 64MiB, 64MB or a number of bytes." });
  }
  return Math.round(Number(match[1]) * unit);
}

/** Milliseconds of a duration such as `90s`, `10m`, `2h`, `1h30m`. @throws Failure `usage` */
export function parseDurationMs(text: string): number {
  const parts = [...text.trim().matchAll(/(\d+(?:\.\d+)?)(ms|min|s|m|h|d)/gi)];
  if (parts.length === 0 || parts.map((part) => part[0]).join("") !== text.trim()) {
    throw new Failure({ code: "usage", message: `"${text}" is not a duration`, hint: "Write 90s, 10m or 2h." });
  }
  return parts.reduce((sum, part) => sum + Number(part[1]) * (UNIT_MS[(part[2] ?? "").toLowerCase()] ?? 0), 0);
}

/** A size for people: three significant digits, IEC units: `62.5 MiB`. Negative sizes keep their sign. */
export function formatBytes(bytes: number): string {
  const magnitude = Math.abs(bytes);
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let unit = 0;
  let value = magnitude;
  // 999.5 would print as 1000
  while (unit < units.length - 1 && value >= 999.5) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${bytes < 0 ? "-" : ""}${value.toFixed(digits)} ${units[unit]}`;
}

/** A difference of sizes: `+62.5 MiB`, `-62.5 MiB`, `0 B`. */
export function formatGrowth(bytes: number): string {
  return bytes > 0 ? `+${formatBytes(bytes)}` : formatBytes(bytes);
}

/** A duration for people, in the two largest units that matter: `45 s`, `12 min`, `3 h 20 min`, `2 d 4 h`. */
export function formatDuration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 1) return `${Math.round(ms)} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 36) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  const days = Math.floor(hours / 24);
  return hours % 24 === 0 ? `${days} d` : `${days} d ${hours % 24} h`;
}
