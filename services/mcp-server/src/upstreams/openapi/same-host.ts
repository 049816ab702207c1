/**
 * Tells whether a request that was meant for `from` may go to `to` with its keys: the same host and port, and never from
 * https to http.
 */
export const isSameHost = (from: URL, to: URL): boolean =>
  to.host === from.host && (to.protocol === from.protocol || (from.protocol === 'http:' && to.protocol === 'https:'));
