import type { ErrorCode } from '../../contracts/errors.ts';
import { HttpStatusError } from '../../kit/faults/resilience.ts';

/** A request that got no answer in time. Its connection may be as good as ever. The message follows the server's name. */
export class RequestTimedOut extends Error {
  override readonly name = 'RequestTimedOut';
}

/** An answer, or the lack of one, that is not MCP. The message follows the name of the server: "answered with …". */
export class NotMcp extends Error {
  override readonly name: string = 'NotMcp';
  readonly contentType: string | undefined;
  /** The beginning of a text that came instead of a message. */
  readonly excerpt: string | undefined;

  constructor(message: string, { contentType, excerpt }: { contentType?: string | undefined; excerpt?: string } = {}) {
    super(message);
    this.contentType = contentType;
    this.excerpt = excerpt;
  }
}

/** A server that speaks none of our revisions of the protocol. */
export class UnsupportedVersion extends NotMcp {
  override readonly name = 'UnsupportedVersion';
}

/** A server that answers what is posted with the stream of the transport of 2024. */
export class OldTransport extends NotMcp {
  override readonly name = 'OldTransport';
}

export interface ConnectionClosedOptions extends ErrorOptions {
  /** True if the request was not sent at all. */
  readonly wasNeverSent?: boolean;
}

/** A connection that ended before an answer came. The message follows the name of the server: "ended: …". */
export class ConnectionClosed extends Error {
  override readonly name = 'ConnectionClosed';
  readonly wasNeverSent: boolean;

  constructor(message: string, { wasNeverSent = false, ...options }: ConnectionClosedOptions = {}) {
    super(message, options);
    this.wasNeverSent = wasNeverSent;
  }
}

export interface HttpFailureOptions {
  readonly status: number;
  readonly contentType?: string | undefined;
  /** The message of an error in the body that names no request. */
  readonly detail?: string | undefined;
  readonly retryAfterSeconds?: number | undefined;
  readonly wwwAuthenticate?: string | undefined;
  /** The beginning of a body that is no message. */
  readonly excerpt?: string | undefined;
  /** True if the server does not know the session, or the revision: the request has not run then. */
  readonly isSessionUnknown?: boolean;
}

/** An answer with an HTTP status that is no success. The message follows the name of the server. */
export class HttpFailure extends HttpStatusError {
  readonly contentType: string | undefined;
  readonly detail: string | undefined;
  readonly retryAfterSeconds: number | undefined;
  readonly wwwAuthenticate: string | undefined;
  readonly excerpt: string | undefined;
  readonly isSessionUnknown: boolean;

  constructor({ status, contentType, detail, isSessionUnknown = false, ...more }: HttpFailureOptions) {
    super(status);
    this.message =
      detail === undefined ? `answered with status ${status}` : `answered with status ${status}: ${detail}`;
    this.contentType = contentType;
    this.detail = detail;
    this.retryAfterSeconds = more.retryAfterSeconds;
    this.wwwAuthenticate = more.wwwAuthenticate;
    this.excerpt = more.excerpt;
    this.isSessionUnknown = isSessionUnknown;
  }
}

const CODES_BY_STATUS: ReadonlyMap<number, ErrorCode> = new Map([
  [413, 'payload_too_large'],
  [429, 'rate_limited'],
  [503, 'unavailable'],
]);

/** Returns the code of an error for a status that is no success and has no message of MCP. */
export const codeOfStatus = (status: number): ErrorCode => CODES_BY_STATUS.get(status) ?? 'upstream_failed';

/** Returns true for a request that certainly did not run, so that it may be sent over another connection. */
export const isSafeToResend = (error: unknown): boolean =>
  (error instanceof HttpFailure && error.isSessionUnknown) || (error instanceof ConnectionClosed && error.wasNeverSent);
