import { z } from 'zod';
import { ErrorBody, type ErrorCode, STATUS_BY_CODE } from '../../contracts/errors.ts';

export interface MeshErrorOptions extends ErrorOptions {
  /** Facts that a program can act on: field problems, near names. Never a secret, a host path or a stack. */
  readonly details?: unknown;
  /** Seconds after which it is worth trying again; sent as `Retry-After`. */
  readonly retryAfterSeconds?: number;
}

/**
 * An error whose message is safe to show the caller.
 * Anything else that is thrown is a bug: logged in full and answered as `internal`, without detail.
 */
export class MeshError extends Error {
  override readonly name = 'MeshError';
  readonly code: ErrorCode;
  readonly details: unknown;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ErrorCode, message: string, { details, retryAfterSeconds, ...options }: MeshErrorOptions = {}) {
    super(message, options);
    this.code = code;
    this.details = details;
    this.retryAfterSeconds = retryAfterSeconds ?? (code === 'unavailable' || code === 'rate_limited' ? 1 : undefined);
  }

  get status(): number {
    return STATUS_BY_CODE[this.code];
  }

  toBody(requestId?: string): ErrorBody {
    return {
      error: {
        code: this.code,
        message: this.message,
        ...(this.details === undefined ? {} : { details: this.details }),
        ...(requestId === undefined ? {} : { request_id: requestId }),
      },
    };
  }

  /** Returns `error` unchanged if it is ours; otherwise hides it behind `internal`. */
  static from(error: unknown): MeshError {
    if (error instanceof MeshError) return error;
    return new MeshError('internal', 'Something went wrong inside this service', { cause: error });
  }

  /** Rebuilds an error that travelled as a body; undefined when `body` is not one of ours. */
  static fromBody(body: unknown, options: Pick<MeshErrorOptions, 'retryAfterSeconds'> = {}): MeshError | undefined {
    const parsed = ErrorBody.safeParse(body);
    if (!parsed.success) return undefined;
    const { code, message, details } = parsed.data.error;
    return new MeshError(code, message, { details, ...options });
  }
}

/** One problem of a value that breaks its schema: where, and what was expected. */
export interface Problem {
  readonly path: string;
  readonly message: string;
}

/** Returns the problems of a failed parse, each with a path as one writes it: `messages[0].role`. */
export function problemsOf(error: Pick<z.ZodError, 'issues'>): readonly Problem[] {
  return error.issues.flatMap((issue) => {
    const unknown = issue.code === 'unrecognized_keys' ? issue.keys : undefined;
    if (unknown === undefined) return [{ path: z.core.toDotPath(issue.path), message: issue.message }];
    return unknown.map((key) => ({ path: z.core.toDotPath([...issue.path, key]), message: 'is not known here' }));
  });
}

/** The problems that an error lists. */
const MAX_PROBLEMS = 50;

/**
 * Checks what a caller sent and returns it as the schema makes it.
 * @throws MeshError that lists the problems, or says that there are too many of them to collect
 */
export function checkInput<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  { code, subject }: { readonly code: 'invalid_request' | 'invalid_arguments'; readonly subject: string },
): z.output<Schema> {
  let parsed;
  try {
    parsed = schema.safeParse(value);
  } catch (error) {
    // Zod passes on all problems of a value as arguments of one call, which the stack has room for a hundred thousand of.
    if (!(error instanceof RangeError)) throw error;
    throw new MeshError(code, `${subject}: there are too many problems to list them`, { cause: error });
  }
  if (parsed.success) return parsed.data;
  throw invalid(code, subject, parsed.error);
}

/** Returns an `invalid_request` or `invalid_arguments` that lists the first problems in its message and its details. */
function invalid(code: 'invalid_request' | 'invalid_arguments', subject: string, error: z.ZodError): MeshError {
  const problems = problemsOf({ issues: error.issues.slice(0, MAX_PROBLEMS) });
  const list = problems.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ');
  const left = error.issues.length - MAX_PROBLEMS;
  const more = left > 0 ? `; and ${left} more` : '';
  return new MeshError(code, `${subject}: ${list}${more}`, { details: problems });
}

/** Yields an error and its causes, the outermost first. Knows errors of any realm, which `instanceof` does not. */
export function* causeChain(error: unknown): Generator<Error> {
  for (let at = error; Error.isError(at); at = at.cause) yield at;
}

/** Returns the first cause of an error, such as a socket's own, or the error itself when it has none. */
export function rootCause(error: unknown): unknown {
  return [...causeChain(error)].at(-1) ?? error;
}
