/** The programs whose files have a key `timeout`, by its unit. */
export type TimeoutUnit = 's' | 'ms';

/** Keys that only programs with one of the two units write. */
const SIGNS: Readonly<Record<TimeoutUnit, readonly string[]>> = {
  ms: ['httpUrl', 'trust', 'includeTools', 'excludeTools', 'initTimeout', 'environment', 'oauth', 'headersHelper'],
  s: ['alwaysAllow', 'autoApprove', 'transportType', 'watchPaths', 'envs', 'cmd', 'uri'],
};
/** The most seconds that Cline and Roo take. */
const MAX_SECONDS = 3_600;
/** A number below is seconds unless the entry is from a program that writes milliseconds. */
const MIN_MILLISECONDS = 1_000;

/**
 * Returns the unit of the key `timeout` of an entry. Claude Code, Gemini, LibreChat and opencode mean milliseconds; Cline,
 * Roo and Goose seconds. Where the other keys do not tell them apart, a number below 1,000 is seconds.
 */
export function unitOf(timeout: number, entry: Readonly<Record<string, unknown>>): TimeoutUnit {
  if (SIGNS.s.some((key) => key in entry) || isOfCline(entry['type'])) return timeout <= MAX_SECONDS ? 's' : 'ms';
  if (SIGNS.ms.some((key) => key in entry)) return 'ms';
  return timeout < MIN_MILLISECONDS ? 's' : 'ms';
}

const isOfCline = (type: unknown): boolean => type === 'streamableHttp' || type === 'streamable-http';

/** Other programs' timeouts, and ours in milliseconds. */
const TIMEOUTS: Readonly<Record<string, { readonly ours: string; readonly unit?: TimeoutUnit }>> = {
  timeout: { ours: 'timeout_ms' },
  requestTimeout: { ours: 'timeout_ms' },
  tool_timeout_sec: { ours: 'timeout_ms', unit: 's' },
  toolTimeoutSec: { ours: 'timeout_ms', unit: 's' },
  initTimeout: { ours: 'connect_timeout_ms', unit: 'ms' },
  connectionTimeout: { ours: 'connect_timeout_ms', unit: 'ms' },
  startupTimeout: { ours: 'connect_timeout_ms', unit: 'ms' },
  startup_timeout_sec: { ours: 'connect_timeout_ms', unit: 's' },
  startup_timeout_ms: { ours: 'connect_timeout_ms', unit: 'ms' },
};

/** The keys that {@link readTimeouts} reads. */
export const TIMEOUT_KEYS: ReadonlySet<string> = new Set(Object.keys(TIMEOUTS));

export interface ReadTimeouts {
  readonly value: Readonly<Record<string, unknown>>;
  readonly warnings: readonly string[];
}

/** Replaces other programs' timeouts by ours. `original` has the keys as they were written, `given` the unit if it is known. */
export function readTimeouts(
  entry: Readonly<Record<string, unknown>>,
  original: Readonly<Record<string, unknown>>,
  given?: TimeoutUnit,
): ReadTimeouts {
  const ours: [string, unknown][] = [];
  const warnings: string[] = [];
  for (const [key, found] of Object.entries(entry)) {
    const known = TIMEOUTS[key];
    const ms =
      known === undefined
        ? undefined
        : millisecondsOf(found, (number) => known.unit ?? given ?? unitOf(number, original));
    if (known === undefined) ours.push([key, found]);
    else if (ms === undefined) warnings.push(`${key}: is no time above 0 and has no effect`);
    else if (known.ours in entry) warnings.push(`${key}: ${known.ours} counts instead`);
    else {
      ours.push([known.ours, ms]);
      const isSure = known.unit !== undefined || given !== undefined;
      if (!isSure) warnings.push(`${key}: is read as ${ms} ms; ${known.ours} says so without doubt`);
    }
  }
  return { value: Object.fromEntries(ours), warnings };
}

function millisecondsOf(found: unknown, unit: (number: number) => TimeoutUnit): number | undefined {
  const number = typeof found === 'string' && found.trim() !== '' ? Number(found) : found;
  if (typeof number !== 'number' || !(number > 0)) return undefined;
  return Math.max(1, Math.round(unit(number) === 's' ? number * 1_000 : number));
}
