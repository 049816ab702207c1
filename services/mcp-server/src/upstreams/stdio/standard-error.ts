import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import type { Redact } from '@toolmesh/shared/kit/text/redact';
import { withoutCredentials } from './environment.ts';
import type { LineListener } from '@toolmesh/shared/kit/text/split-lines';

export const MAX_LOG_LINE_BYTES = 4_096;
/** Lines that go to the log in one period; further ones are counted. */
const MAX_LOG_LINES = 200;
const LOG_PERIOD_MS = 10_000;
/** Lines that are remembered to explain an end. */
const MAX_LAST_LINES = 10;

/** Reads the standard error of a program. */
export interface StandardError extends LineListener {
  /** The last lines, without credentials; empty ones are left out. */
  readonly lastLines: readonly string[];
}

export interface StandardErrorOptions {
  readonly logger: Logger;
  readonly upstream: string;
  readonly pid: number;
  /** Takes the secrets of its environment out of what it says. */
  readonly redact: Redact;
}

/** Writes the lines of a program to the log, within a limit, and remembers the last. */
export function readStandardError({ logger, upstream, pid, redact }: StandardErrorOptions): StandardError {
  const lastLines: string[] = [];
  let periodStart = performance.now();
  let lines = 0;
  const log = (fields: object, message: string): void => {
    const now = performance.now();
    if (now - periodStart >= LOG_PERIOD_MS) {
      if (lines > MAX_LOG_LINES) logger.warn({ upstream, pid, lines: lines - MAX_LOG_LINES }, 'lines were left out');
      periodStart = now;
      lines = 0;
    }
    lines += 1;
    if (lines <= MAX_LOG_LINES) logger.info({ upstream, pid, ...fields }, message);
  };
  return {
    lastLines,
    onLine(text) {
      const line = redact(withoutCredentials(text));
      if (line.trim() !== '') lastLines.push(line);
      if (lastLines.length > MAX_LAST_LINES) lastLines.shift();
      log({ line }, 'wrote to standard error');
    },
    onTooLong: () => log({ maxBytes: MAX_LOG_LINE_BYTES }, 'wrote a line to standard error that is too long'),
  };
}
