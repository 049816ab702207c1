import type { ServerResponse } from 'node:http';

/** Keeps answers of the SDK out of every cache: it lets its event streams be stored. */
export function neverStore(res: ServerResponse): void {
  const { writeHead } = res;
  const writePrivate = (status: number, ...rest: readonly unknown[]): unknown => {
    const headers = rest.at(-1);
    const isStream = Object(headers)['content-type'] === 'text/event-stream';
    if (isStream) Object.assign(Object(headers), { 'cache-control': 'no-store, no-transform' });
    return Reflect.apply(writeHead, res, [status, ...rest]);
  };
  Object.assign(res, { writeHead: writePrivate });
}
