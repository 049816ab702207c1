import type { RequestHandler } from 'express';

/** Makes a handler when its first request comes: for one that takes long to load and may never be needed. */
export function lazyHandler(make: () => Promise<RequestHandler>): RequestHandler {
  let made: Promise<RequestHandler> | undefined;
  return async (req, res, next) => {
    made ??= make();
    const handle = await made;
    await handle(req, res, next);
  };
}
