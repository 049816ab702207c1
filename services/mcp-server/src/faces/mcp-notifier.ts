import type { Caller, McpNotification } from '../upstreams/upstream.ts';

/** From the least to the most severe (RFC 5424). */
export const LOG_LEVELS = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export const toLogLevel = (told: unknown): LogLevel | undefined => LOG_LEVELS.find((level) => level === told);

export interface Wishes {
  /** What the caller knows the progress of its call by; without one it is not told of it. */
  readonly progressToken: string | number | undefined;
  /** The least of log messages that it wants; none without. */
  readonly logLevel: string | undefined;
}

/** Passes on to a caller what it wants to hear of its call; undefined for one that wants nothing. */
export function notifierOf(
  { progressToken, logLevel }: Wishes,
  send: (notification: McpNotification) => void,
): Caller['notify'] {
  if (progressToken === undefined && logLevel === undefined) return undefined;
  const wanted = logLevel === undefined ? [] : LOG_LEVELS.slice(LOG_LEVELS.findIndex((level) => level === logLevel));
  return ({ method, params }) => {
    const isProgress = method === 'notifications/progress';
    if (isProgress && progressToken === undefined) return;
    // Upstreams of 2025 do not know what this caller wants, for they are asked over a connection of all.
    if (method === 'notifications/message' && !wanted.some((level) => level === params?.['level'])) return;
    send({ method, params: { ...params, ...(isProgress && { progressToken }) } });
  };
}
