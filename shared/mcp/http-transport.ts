import { setTimeout as sleep } from 'node:timers/promises';
import { type JSONRPCMessage, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

type SendOptions = Parameters<StreamableHTTPClientTransport['send']>[1];

/** Bounds the request that ends a session. */
const END_SESSION_MS = 1_000;

/** The SDK's transport, which also fails calls whose stream broke, and ends its session. */
export class HttpTransport extends StreamableHTTPClientTransport {
  /** @throws also when the stream of a request's answer ends without one: the SDK would let the request wait on. */
  override async send(message: JSONRPCMessage, options?: SendOptions): Promise<void> {
    const broken = Promise.withResolvers<never>();
    // Requests that get their answer never await it.
    broken.promise.catch(() => {});
    const onRequestStreamEnd = () => {
      options?.onRequestStreamEnd?.();
      broken.reject(new Error('The stream ended before there was an answer'));
    };
    await super.send(message, { ...options, onRequestStreamEnd });
    if ('method' in message && 'id' in message) await broken.promise;
  }

  /** Ends the session that the server may have made, so that it need not keep it; then closes. */
  async leave(): Promise<void> {
    const waited = new AbortController();
    // Best effort: the server may be gone, and most servers expire sessions by themselves.
    const ended = this.sessionId === undefined ? undefined : this.terminateSession().catch(() => {});
    await Promise.race([
      ended,
      sleep(END_SESSION_MS, undefined, { signal: waited.signal, ref: false }).catch(() => {}),
    ]);
    waited.abort();
    await this.close();
  }
}
