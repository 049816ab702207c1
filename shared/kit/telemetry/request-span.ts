import type { NextFunction, Request, Response } from 'express';
import { parseTraceparent } from './trace-context.ts';
import { isTracing, openSpan } from './tracing.ts';

/** The matched pattern, never the raw path: a label per URL would grow without bound. */
export const routeOf = (req: Request): string => (typeof req.route?.path === 'string' ? req.route.path : 'unmatched');

/** 499, as nginx writes it: the caller left before there was an answer. */
export const statusOf = (res: Response): number => (res.headersSent ? res.statusCode : 499);

/** Serves a request in a span of its own, the child of the one that its traceparent names. */
export function traceRequest(req: Request, res: Response, next: NextFunction): void {
  if (!isTracing()) return next();
  const { method } = req;
  const parent = parseTraceparent(req.get('traceparent'));
  const span = openSpan({
    name: method,
    kind: 'server',
    attributes: { 'http.request.method': method },
    parent: { of: parent },
  });
  res.once('close', () => {
    const status = statusOf(res);
    span.rename(`${method} ${routeOf(req)}`);
    span.set({ 'http.route': routeOf(req), 'http.response.status_code': status });
    if (status >= 499) span.fail(String(status));
    span.end();
  });
  span.run(next);
}
