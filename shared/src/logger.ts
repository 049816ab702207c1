import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino';
import { currentContext } from './request-context.ts';

export type { Logger } from 'pino';

/** Fields that must never reach a log, wherever in an object they stand (pino matches two levels deep). */
const SECRETS = ['authorization', 'cookie', 'x-api-key', 'api_key', 'apiKey', 'API_KEY', 'OPENAI_API_KEY', 'password'];

export interface LoggerOptions {
  readonly service: string;
  readonly level: string;
  /** Where lines go; tests pass a stream of their own. */
  readonly destination?: DestinationStream;
}

/** Writes one JSON object per event to stdout, with the ids of the request it belongs to. */
export function createLogger({
  service,
  level,
  destination = pino.destination({ fd: 1, sync: true }),
}: LoggerOptions): Logger {
  return pino(
    {
      level,
      base: { service },
      messageKey: 'message',
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRETS.flatMap((key) => [`["${key}"]`, `*["${key}"]`, `*.*["${key}"]`]), censor: '[redacted]' },
      mixin: requestIds,
    },
    destination,
  );
}

function requestIds(): Record<string, string> {
  const context = currentContext();
  if (context === undefined) return {};
  return { request_id: context.requestId, trace_id: context.trace.traceId };
}
