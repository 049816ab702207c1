/** Milliseconds as a reader wants them: `340 ms`, `2.4 s`, `1 min 05 s`. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
}

/** A count with its thousands apart. */
export const count = (value: number): string => value.toLocaleString('en-US');

/** Bytes as a reader wants them, by powers of 1,024. */
export function bytes(value: number): string {
  if (value < 1_024) return `${value} B`;
  const kib = value / 1_024;
  return kib < 1_024 ? `${kib.toFixed(kib < 10 ? 1 : 0)} KiB` : `${(kib / 1_024).toFixed(1)} MiB`;
}

/** How long ago, roughly, and the date for what is older than a week. Both in milliseconds since 1970. */
export function ago(then: number, now: number): string {
  const minutes = Math.floor((now - then) / 60_000);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} min ago`;
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ago`;
  const days = Math.floor(minutes / (24 * 60));
  if (days === 1) return 'yesterday';
  return days < 7 ? `${days} days ago` : new Date(then).toLocaleDateString();
}
