import { expect, jest, test } from '@jest/globals';
import type { Era } from './conformance/fixture.ts';
import { call, startHub } from './mesh-of-tests.ts';
import { serveOdd } from './odd-server.ts';

jest.setTimeout(60_000);

const ODD = {
  content: [
    { type: 'text', text: 'a', annotations: null, _meta: null },
    { type: 'video', url: 'https://a.example/v' },
    { type: 'image' },
  ],
  structuredContent: null,
  isError: null,
};

test.each(['modern', 'legacy'] satisfies Era[])(
  'a result with odd parts from a server of the %s era arrives',
  async (era) => {
    const tools = [{ name: 'odd', inputSchema: { type: 'object' } }];
    const { url } = await serveOdd(era, { 'tools/list': () => ({ tools }), 'tools/call': () => ODD });
    const hub = await startHub({ odd: { url } });
    const { status, body } = await call(hub, 'odd');
    expect(status).toBe(200);
    expect(body).toEqual({
      tool: 'odd',
      is_error: false,
      content: [
        { type: 'text', text: 'a' },
        { type: 'video', url: 'https://a.example/v' },
        { type: 'text', text: expect.stringContaining('"image"') },
      ],
      duration_ms: expect.any(Number),
    });
  },
);
