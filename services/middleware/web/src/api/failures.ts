import { objectOf, textOf } from './json.ts';

/** A failure in words: what happened, and what to do next. */
export interface Failure {
  readonly title: string;
  readonly next: string;
}

/** An answer of the server that is not a success; `status` 0 when there was none at all. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string;
  readonly retryAfterSeconds: number | undefined;
  readonly details: unknown;

  constructor(status: number, code: string, message: string, retryAfterSeconds?: number, details?: unknown) {
    super(message);
    this.status = status;
    this.code = code;
    this.retryAfterSeconds = retryAfterSeconds;
    this.details = details;
  }
}

/** Reads an error body of the contract. Anything else, such as a proxy's page, is described by its status. */
export async function errorOf(response: Response): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => undefined);
  const error = objectOf(objectOf(body)['error']);
  const seconds = Number.parseInt(response.headers.get('retry-after') ?? '', 10);
  return new ApiError(
    response.status,
    textOf(error['code']) ?? '',
    textOf(error['message']) ?? `The server answered ${response.status} ${response.statusText}`.trim(),
    Number.isNaN(seconds) ? undefined : seconds,
    error['details'],
  );
}

const NEXT_STEPS: Readonly<Record<string, string>> = {
  invalid_request: 'Change the message and send it again.',
  invalid_arguments: 'Correct the arguments and run it again.',
  unauthorized: 'Enter the key that the server was started with.',
  forbidden: 'This is not allowed here. The operator of this server can change that.',
  tool_not_found: 'Check the list of tools: its server may be down.',
  not_found: 'It may have been deleted. Start a new chat.',
  rate_limited: 'Wait a moment, then try again.',
  payload_too_large: 'Send a shorter message, or start a new chat.',
  upstream_failed: 'Try again. If it happens again, choose another model above.',
  upstream_timeout: 'Try again, or choose another model above.',
  unavailable: 'Try again in a moment, or choose another model above.',
  internal: 'Try again. If it happens again, see the log of the middleware.',
};

/** Explains any failure in words, with the next step for the user. */
export function explain(error: unknown): Failure {
  if (!(error instanceof ApiError) || error.status === 0) {
    return {
      title: 'The server cannot be reached.',
      next: 'Check that Toolmesh is still running (npm start), then try again.',
    };
  }
  const { message, code, retryAfterSeconds } = error;
  const failure = explainCode(code, message);
  if (code !== 'rate_limited' && error.status !== 429) return failure;
  return { ...failure, next: `Wait ${retryAfterSeconds ?? 'a few'} seconds, then try again.` };
}

/** Explains an error that comes within a stream. */
export function explainCode(code: string, message: string): Failure {
  const title = /[.!?]$/.test(message) ? message : `${message}.`;
  return { title, next: (Object.hasOwn(NEXT_STEPS, code) ? NEXT_STEPS[code] : undefined) ?? 'Try again.' };
}

/** The failure of an answer whose connection ended early. */
export const CUT_OFF: Failure = {
  title: 'The connection ended before the answer was complete.',
  next: 'The partial answer is kept. Try again to get a complete one.',
};
