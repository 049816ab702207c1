import { setTimeout as sleep } from 'node:timers/promises';
import { type JSONRPCMessage, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

type SendOptions = Parameters<StreamableHTTPClientTransport['send']>[1];

/** How long a server that is being left may take to hear of it. */
const FAREWELL_MS = 1_000;

/** The SDK's transport, with an end to calls whose stream broke, and to sessions that are not needed any more. */
export class HttpTransport extends StreamableHTTPClientTransport {
  /** @throws also when the stream of a request's answer ends without one: the SDK would let the request wait on. */
  override async send(message: JSONRPCMessage, options?: SendOptions): Promise<void> {
    const broken = Promise.withResolvers<never>();
    // Nobody may be waiting for it.
    broken.promise.catch(() => {});
    const onRequestStreamEnd = () => {
      options?.onRequestStreamEnd?.();
      broken.reject(new Error('The stream ended before there was an answer'));
    };
    await super.send(message, { ...options, onRequestStreamEnd });
    if ('method' in message && 'id' in message) await broken.promise;
  }

  /** Gives back a session that the server may have made, so that it need not keep it; then closes. */
  async leave(): Promise<void> {
    const waited = new AbortController();
    // A server that does not care, or is gone, needs no farewell.
    const told = this.sessionId === undefined ? undefined : this.terminateSession().catch(() => {});
    await Promise.race([told, sleep(FAREWELL_MS, undefined, { signal: waited.signal, ref: false }).catch(() => {})]);
    waited.abort();
    await this.close();
  }
}
