import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino';
import { causeChain, MeshError } from '../faults/errors.ts';
import { currentContext } from './request-context.ts';

export type { Logger } from 'pino';

/** Fields that must never reach a log, wherever in an object they stand (pino matches two levels deep). */
const SECRETS = [
  'authorization',
  'cookie',
  'x-api-key',
  'x-admin-key',
  'api_key',
  'ticket',
  'apiKey',
  'API_KEY',
  'OPENAI_API_KEY',
  'password',
];

export interface LoggerOptions {
  readonly service: string;
  readonly level: string;
  /** Destination of lines. Default: standard output. */
  readonly destination?: DestinationStream | undefined;
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
      serializers: { err: serializeError },
      mixin: requestIds,
    },
    destination,
  );
}

function requestIds(): Record<string, string> {
  const context = currentContext();
  if (context === undefined) return {};
  const { requestId, trace, runId } = context;
  return { request_id: requestId, trace_id: trace.traceId, ...(runId === undefined ? {} : { run_id: runId }) };
}

/** An error as a log line has it. */
interface LoggedError {
  readonly type: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
  readonly cause?: LoggedError;
}

const MAX_CAUSES = 5;
const MAX_TEXT = 1_000;

/** Name, message, code, place and cause; nothing else that hangs on an error: clients hang bodies and headers there. */
function serializeError(error: unknown, depth = 0): LoggedError | undefined {
  if (error === undefined || error === null) return undefined;
  if (!Error.isError(error)) return { type: typeof error, message: 'what was thrown is no error' };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const stack = placesOf(error);
  const cause = depth < MAX_CAUSES ? serializeError(error.cause, depth + 1) : undefined;
  return {
    type: error.name,
    message: messageOf(error),
    ...(code === undefined ? {} : { code }),
    ...(stack === '' ? {} : { stack }),
    ...(cause === undefined ? {} : { cause }),
  };
}

/**
 * Describes a failure in one line for a log: the error and its causes, each in our words or as the code of the
 * system. Text after a colon comes from another party and may quote a user: it is left out.
 */
export function describeFailure(error: unknown): string {
  const words = [...causeChain(error)].slice(0, MAX_CAUSES).map(ownWords);
  return words.filter((word, index) => word !== words[index - 1]).join(' < ');
}

function ownWords(error: Error): string {
  if (error instanceof MeshError) return cut(error.message.split(': ')[0] ?? '');
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}

/** A parser quotes what it could not read, which is what somebody sent. */
const messageOf = (error: Error): string =>
  error.name === 'SyntaxError' || error.name === 'ZodError' ? '[what was read is left out]' : cut(error.message);

/** The stack without its first lines, which repeat the message. */
const placesOf = ({ stack = '' }: Error): string =>
  cut(
    stack
      .split('\n')
      .filter((line) => /^\s+at /.test(line))
      .join('\n'),
    4 * MAX_TEXT,
  );

const cut = (text: string, max = MAX_TEXT): string => (text.length <= max ? text : `${text.slice(0, max)}...`);
