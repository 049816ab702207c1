import type { McpNotification, Requester } from '../protocol.ts';

/** From the least to the most severe (RFC 5424). */
export const LOG_LEVELS = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Returns `value` if it is a log level. */
export const toLogLevel = (value: unknown): LogLevel | undefined => LOG_LEVELS.find((level) => level === value);

/** The notifications that a caller wants. */
export interface NotificationPreferences {
  /** Identifies the call in progress notifications. Undefined: it wants none. */
  readonly progressToken: unknown;
  /** The lowest level of log messages to send. Undefined: none. */
  readonly logLevel: string | undefined;
}

/** Returns the caller's `notify`, which sends what the caller wants and drops the rest. Undefined if it wants nothing. */
export function notifierOf(
  { progressToken, logLevel }: NotificationPreferences,
  send: (notification: McpNotification) => void,
): Requester['notify'] {
  if (progressToken === undefined && logLevel === undefined) return undefined;
  const wanted = logLevel === undefined ? [] : LOG_LEVELS.slice(LOG_LEVELS.findIndex((level) => level === logLevel));
  return ({ method, params }) => {
    const isProgress = method === 'notifications/progress';
    if (isProgress && progressToken === undefined) return;
    // Upstreams of 2025 send log messages for all callers of a connection, whatever this one wants.
    if (method === 'notifications/message' && !wanted.some((level) => level === params?.['level'])) return;
    send({ method, params: { ...params, ...(isProgress && { progressToken }) } });
  };
}
