import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from '@jest/globals';
import { post } from '../../test-kit/requests.ts';
import { until } from '../../test-kit/waiting.ts';
import { BOTH, fakeService, HELLO, legacy, modern, serveFace } from './serve-face.ts';

setFlagsFromString('--expose-gc');
const collect: unknown = runInNewContext('gc');

const CALLS = 100;
const params = { name: 'held', _meta: { progressToken: 1 } };

test.each([
  ['of 2026-07-28', async () => modern('tools/call', params)],
  ['without a session', async () => ({ body: legacy('tools/call', params), headers: BOTH })],
  [
    'of a session',
    async (url: string) => {
      const opened = await post(url, legacy('initialize', HELLO), { headers: BOTH });
      const id = opened.headers.get('mcp-session-id') ?? '';
      return { body: legacy('tools/call', params), headers: { ...BOTH, 'mcp-session-id': id } };
    },
  ],
])('calls %s that were left leave nothing behind, be they streams yet or not', async (_which, requestFor) => {
  const { service, held } = fakeService();
  const url = await serveFace(service);
  const { body, headers } = await requestFor(url);
  const signals: WeakRef<AbortSignal>[] = [];
  for (let left = CALLS; left > 0; left -= 10) {
    const gone = new AbortController();
    const calls = Array.from({ length: 10 }, () =>
      post(url, body, { headers, signal: gone.signal }).catch(() => 'gone'),
    );
    await until(() => held.length === 10);
    // Half of them have become streams, which a client of a session could take up again until they end.
    if (left % 20 === 0) held.forEach((call) => call.progress(1));
    for (const { caller } of held) signals.push(new WeakRef(caller.signal));
    gone.abort();
    await Promise.all(calls);
    held.forEach((call) => call.end({ content: [] }));
    held.length = 0;
  }
  const alive = () => {
    if (typeof collect === 'function') collect();
    return signals.filter((signal) => signal.deref() !== undefined).length;
  };
  // The last few may still be in the hands of the HTTP server.
  await until(() => alive() <= 10);
  expect(signals).toHaveLength(CALLS);
});
