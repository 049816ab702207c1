import type { ErrorRequestHandler, RequestHandler } from 'express';
import { MeshError } from '../faults/errors.ts';
import { nearestNames } from '../faults/nearest-names.ts';
import { describeFailure, type Logger } from '../telemetry/logger.ts';
import { routeOf } from '../telemetry/request-span.ts';
import { BodyRefusal } from './json-body.ts';
import type { Route } from './route.ts';

/** Answers requests that no route matches, and suggests the nearest routes. */
export function answerUnknown(routes: readonly Route[]): RequestHandler {
  const known = routes.map(({ method, path }) => `${method.toUpperCase()} ${path}`);
  return (req) => {
    const wanted = `${req.method} ${req.path}`;
    throw new MeshError('not_found', `No such route: ${wanted.slice(0, 200)}`, {
      details: { did_you_mean: nearestNames(wanted, known) },
    });
  };
}

/** Answers every error in the one form (contract, section 1), and logs it. */
export function answerError(logger: Logger): ErrorRequestHandler {
  // oxlint-disable-next-line eslint/max-params -- Express knows an error handler by its four parameters
  return (thrown: unknown, req, res, _next) => {
    const error = bodyReadingError(thrown) ?? MeshError.from(thrown);
    const { method } = req;
    if (error.code === 'internal') logger.error({ err: thrown, method, route: routeOf(req) }, 'request failed');
    else {
      // What a caller did wrong is described in the caller's own words: those stay out of the log.
      const fields = { method, route: routeOf(req), code: error.code };
      if (error.status < 500) logger.debug(fields, 'request refused');
      else logger.warn({ ...fields, reason: describeFailure(error) }, 'request refused');
    }
    if (res.headersSent) {
      if (!res.writableEnded) res.destroy();
      return;
    }
    if (error.retryAfterSeconds !== undefined) res.set('retry-after', String(Math.ceil(error.retryAfterSeconds)));
    res.status(error.status).json(error.toBody(String(res.locals['requestId'])));
  };
}

/** Translates what body-parser throws (https://github.com/expressjs/body-parser#errors). */
function bodyReadingError(thrown: unknown): MeshError | undefined {
  if (!Error.isError(thrown) || !('type' in thrown) || !('status' in thrown)) return undefined;
  if (thrown instanceof BodyRefusal) return new MeshError('invalid_request', thrown.message, { cause: thrown });
  if (thrown.type === 'entity.too.large') {
    const limit = 'limit' in thrown ? `${String(thrown.limit)} bytes` : 'the limit';
    return new MeshError('payload_too_large', `The body is larger than ${limit}`, { cause: thrown });
  }
  if (thrown.type === 'entity.parse.failed') {
    return new MeshError('invalid_request', 'The body is not valid JSON', { cause: thrown });
  }
  return new MeshError('invalid_request', `The body cannot be read: ${thrown.message}`, { cause: thrown });
}
