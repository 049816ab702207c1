import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { LIMITS } from '@toolmesh/shared/contracts/execution';
import { collectDisplays, type DisplayChunk } from '../src/workers/displays.ts';
import { PYTHON_LEVELS, type Sandbox, startSandbox } from './sandbox.ts';

describe.each(PYTHON_LEVELS)('what a program shows in %s', (level) => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await startSandbox({ SANDBOX_ISOLATION: level });
  }, 240_000);
  afterAll(() => sandbox.stop());

  test('is streamed in order with what it prints', async () => {
    const code = [
      'from IPython.display import HTML, display',
      'for n in range(3):',
      '    print("line", n)',
      '    display(HTML(f"<b>{n}</b>"))',
      'print("end")',
    ].join('\n');
    const response = await fetch(`${sandbox.url}/tools/execute_code/stream`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ arguments: { code } }),
    });
    const events = (await response.text()).split('\n\n').filter((event) => event.startsWith('event: chunk'));
    const chunks = events.map((event) => JSON.parse(event.slice(event.indexOf('data: ') + 6)).data);
    const seen = chunks.map(({ stream, text, data }) => (stream === 'display' ? data['text/html'] : text)).join('');
    expect(seen).toBe('line 0\n<b>0</b>line 1\n<b>1</b>line 2\n<b>2</b>end\n');
  });
});

describe('frames of displays', () => {
  const collect = (messages: readonly unknown[]) => {
    const chunks: DisplayChunk[] = [];
    const displays = collectDisplays((chunk) => chunks.push(chunk));
    for (const message of messages) {
      displays.take(Buffer.from(typeof message === 'string' ? message : JSON.stringify(message)));
    }
    return { ...displays.read(), chunks };
  };
  const html = (text: string, more: object = {}) => ({ data: { 'text/html': text }, metadata: {}, ...more });

  test.each([
    ['no JSON', '{"data":'],
    ['no object', [1, 2]],
    ['no data', { metadata: {} }],
    ['data of another shape', { data: ['text/html'] }],
    ['an id that is no text', html('x', { id: 1 })],
    ['a type that is none', { data: { 'not a type': 'x', __proto__: 'y', '../x': 'z' } }],
    ['content that is no text', { data: { 'text/html': { a: 1 } } }],
    ['a picture that is no base64', { data: { 'image/png': '<script>' } }],
    ['nested without an end', `{"data":{"application/json":${'['.repeat(200_000)}${']'.repeat(200_000)}}}`],
  ])('that are forged show nothing: %s', (_what, message) => {
    const { displays, chunks } = collect([message, html('next')]);
    expect(displays).toEqual([html('next')]);
    expect(chunks).toHaveLength(1);
  });

  test('are bounded in number, and looked at no more after many', () => {
    const many = collect(Array.from({ length: 100_000 }, (_, n) => html(String(n))));
    expect(many).toMatchObject({ truncated: true });
    expect(many.displays).toHaveLength(LIMITS.displays);
    expect(many.chunks).toHaveLength(LIMITS.displays);
  });

  test('are bounded in bytes', () => {
    const { displays, truncated } = collect(Array.from({ length: 9 }, () => html('x'.repeat(1_000_000))));
    expect(truncated).toBe(true);
    expect(displays).toHaveLength(Math.floor(LIMITS.displaysBytes / 1_000_050));
  });

  test('replace the one of their id, and are taken back', () => {
    const one = collect([html('old', { id: 'a' }), html('other'), html('new', { id: 'a' })]);
    expect(one.displays).toEqual([html('new'), html('other')]);
    expect(collect([html('old'), { clear: true }, html('new')]).displays).toEqual([html('new')]);
  });

  test('replaced again and again end at a bound', () => {
    const { displays, truncated } = collect(Array.from({ length: 5_000 }, (_, n) => html(String(n), { id: 'a' })));
    expect(displays).toEqual([html('999')]);
    expect(truncated).toBe(true);
  });
});
