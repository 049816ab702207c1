import { z } from 'zod';

/** The error codes that may cross a service boundary, each with its HTTP status (contract, section 1). */
export const STATUS_BY_CODE = {
  invalid_request: 400,
  unauthorized: 401,
  forbidden: 403,
  tool_not_found: 404,
  not_found: 404,
  payload_too_large: 413,
  invalid_arguments: 422,
  rate_limited: 429,
  internal: 500,
  upstream_failed: 502,
  unavailable: 503,
  upstream_timeout: 504,
} as const;

export type ErrorCode = keyof typeof STATUS_BY_CODE;

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of a constant are known, and not none
const ERROR_CODES = Object.keys(STATUS_BY_CODE) as [ErrorCode, ...ErrorCode[]];

/** The body of an answer that is not a success. */
export const ErrorBody = z.object({
  error: z.object({
    code: z.enum(ERROR_CODES),
    message: z.string(),
    details: z.unknown().optional(),
    request_id: z.string().optional(),
  }),
});
export type ErrorBody = z.output<typeof ErrorBody>;
