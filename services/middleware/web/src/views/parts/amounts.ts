/** Formats milliseconds for a reader: `340 ms`, `2.4 s`, `1 min 05 s`. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
}

/** Formats a count with separators between thousands. */
export const count = (value: number): string => value.toLocaleString('en-US');

/** Formats bytes for a reader, by powers of 1,024. */
export function bytes(value: number): string {
  if (value < 1_024) return `${value} B`;
  const kib = value / 1_024;
  return kib < 1_024 ? `${kib.toFixed(kib < 10 ? 1 : 0)} KiB` : `${(kib / 1_024).toFixed(1)} MiB`;
}

/** Returns a rough time since `then`, or the date if that is over a week ago. Both in milliseconds since 1970. */
export function ago(then: number, now: number): string {
  const minutes = Math.floor((now - then) / 60_000);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} min ago`;
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ago`;
  const days = Math.floor(minutes / (24 * 60));
  if (days === 1) return 'yesterday';
  return days < 7 ? `${days} days ago` : new Date(then).toLocaleDateString();
}
