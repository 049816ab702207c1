import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { canJail } from '@toolmesh/shared/test-kit/can-jail';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { serveHubOfTools } from './hub-of-tools.ts';
import { type Sandbox, startSandbox } from './sandbox.ts';

jest.setTimeout(120_000);

const MAX_CALLS = 20;
let hub: Awaited<ReturnType<typeof serveHubOfTools>>;
let sandbox: Sandbox;
beforeAll(async () => {
  hub = await serveHubOfTools();
  const limits = { MIN_WORKERS: '1', MAX_WORKERS: '4', SANDBOX_MAX_TOOL_CALLS: String(MAX_CALLS) };
  sandbox = await startSandbox({ MCP_SERVER_URL: hub.url, ...limits });
});
afterAll(async () => {
  await sandbox?.stop();
  await hub?.close();
});

/** Functions that a program needs to speak on the channel by itself: `raw(kind, payload, length?)` sends, `read()` reads. */
const HEADS = {
  python: `
import os, json, struct, select, time
from toolmesh import tools, ToolError
import toolmesh_channel as channel
def raw(kind, payload, length=None):
    data = payload if isinstance(payload, bytes) else payload.encode()
    data = struct.pack(">IB", len(data) if length is None else length, kind) + data
    while data:
        select.select([], [channel.FD], [], 2)
        data = data[os.write(channel.FD, data):]
def read():
    select.select([channel.FD], [], [], 10)
    return os.read(channel.FD, 1 << 20).decode("utf-8", "replace")
`,
  javascript: `
const fs = require('node:fs');
const { tools, ToolError } = require('toolmesh');
function raw(kind, payload, length) {
  const text = Buffer.from(payload);
  const data = Buffer.alloc(5 + text.length);
  data.writeUInt32BE(length ?? text.length, 0);
  data.writeUInt8(kind, 4);
  text.copy(data, 5);
  for (let at = 0; at < data.length; ) at += fs.writeSync(6, data, at);
}
function read() {
  const data = Buffer.alloc(1 << 20);
  return data.toString('utf8', 0, fs.readSync(6, data));
}
`,
} as const;

(canJail() ? describe : describe.skip).each(['python', 'javascript'] as const)(
  'a hostile program of %s',
  (language) => {
    const run = (codes: { readonly python: string; readonly javascript: string }, more: object = {}) =>
      sandbox.run({ language, code: HEADS[language] + codes[language], tools: true, timeout_ms: 20_000, ...more });
    const names = (result: { readonly tool_calls: readonly { readonly name: string }[] }) =>
      result.tool_calls.map(({ name }) => name);
    /** The service, and the next program of each language, are as ever. */
    const isUnharmed = async () => {
      await until(() => hub.running() === 0);
      const codes = {
        python: 'print(tools.add(a=1)["sum"])',
        javascript: 'tools.add({ a: 1 }).then(({ sum }) => console.log(sum))',
      };
      expect(await run(codes)).toMatchObject({ status: 'success', stdout: '2\n', tool_calls: [{ name: 'add' }] });
    };

    test('forges frames of every kind', async () => {
      for (const kind of [0, 1, 2, 5, 6, 7, 10, 12, 13, 14, 200]) {
        const before = hub.called.length;
        const forged = `{"id":1,"value":"forged"}`;
        const result = await run({
          python: `raw(${kind}, '${forged}')\ntry: print(tools.add(a=1))\nexcept (ToolError, RuntimeError, OSError) as error: print(error)`,
          javascript: `raw(${kind}, '${forged}'); tools.add({ a: 1 }).then(console.log, (error) => console.log(error.message))`,
        });
        expect(['success', 'error', 'killed']).toContain(result.status);
        expect(JSON.stringify(result)).not.toContain('forged');
        expect(hub.called.length - before).toBeLessThan(2);
      }
      await isUnharmed();
    });

    test('sends a frame without an end', async () => {
      const result = await run({
        python: `
try:
    raw(11, "x" * 100, 0xFFFFFFFF)
    tools.add(a=1)
except (ToolError, RuntimeError, OSError) as error: print("refused", error)`,
        javascript: `
raw(11, 'x'.repeat(100), 0xffffffff);
tools.add({ a: 1 }).catch((error) => console.log('refused', error.message));`,
      });
      expect(result).toMatchObject({ status: 'success', stdout: expect.stringMatching(/^refused /), tool_calls: [] });
      await isUnharmed();
    });

    test.each([
      ['that is no number', '"x"'],
      ['below zero', '-1'],
      ['beyond all numbers', '1e300'],
      ['that is missing', 'null'],
    ])('sends an id %s', async (_what, id) => {
      const before = hub.called.length;
      const message = `{"id":${id},"name":"add","arguments":{"a":1}}`;
      const result = await run({
        python: `raw(11, '${message}')\nread()\ntime.sleep(5)`,
        javascript: `raw(11, '${message}'); read(); setTimeout(() => {}, 5_000)`,
      });
      expect(result).toMatchObject({ status: 'killed', tool_calls: [] });
      expect(hub.called).toHaveLength(before);
    });

    test('calls what it was not given, by frames of its own', async () => {
      const before = hub.called.length;
      const fields = [
        '"name":"git-status","arguments":{"from":"x"}',
        '"help":"git-status","language":"python"',
        '"list":true',
      ];
      const result = await run(
        {
          python: fields.map((field, i) => `raw(11, '{"id":${i},${field}}')\nprint(read())`).join('\n'),
          javascript: fields.map((field, i) => `raw(11, '{"id":${i},${field}}'); console.log(read());`).join('\n'),
        },
        { tools: ['add'] },
      );
      expect(result.stdout).toContain('git-status is not among the tools that this program may call');
      expect(result.stdout).not.toContain('Tells the state of a folder');
      expect(result.tool_calls).toEqual([expect.objectContaining({ name: 'git-status', status: 'refused' })]);
      expect(hub.called).toHaveLength(before);
    });

    test('calls names with control characters', async () => {
      const result = await run({
        python: String.raw`
for name in ("a\nb", "a\x00b", "\u202eadd", "\x1b[2J", "add\u2028", "__proto__", "constructor", "x" * 500):
    try: tools[name](a=1)
    except (ToolError, AttributeError, KeyError) as error: print("refused")`,
        javascript: String.raw`
(async () => {
  for (const name of ['a\nb', 'a\x00b', '\u202eadd', '\x1b[2J', 'add\u2028', '__proto__', 'constructor', 'x'.repeat(500)])
    await tools[name]({ a: 1 }).then(() => console.log('RUN'), () => console.log('refused'));
})();`,
      });
      expect(result.stdout).toBe('refused\n'.repeat(8));
      expect(names(result).join('')).not.toMatch(/[\p{C}\p{Zl}]/u);
    });

    test('calls a hundred thousand times', async () => {
      const before = hub.called.length;
      const result = await run(
        {
          python: `
for i in range(100_000):
    try: tools.add(a=i)
    except ToolError: pass`,
          javascript: 'for (let i = 0; i < 100_000; i++) tools.add({ a: i }).catch(() => {});',
        },
        { timeout_ms: 4_000 },
      );
      expect(result.status).toBe('timeout');
      expect(result.tool_calls.length).toBeLessThanOrEqual(MAX_CALLS);
      expect(hub.called.length - before).toBeLessThanOrEqual(MAX_CALLS);
      await isUnharmed();
    });

    test('reads none of its answers', async () => {
      const message = '"name":"big","arguments":{"length":3000000}';
      const result = await run(
        {
          python: `for i in range(1_000): raw(11, '{"id":%d,${message}}' % i)\ntime.sleep(60)`,
          javascript: `for (let i = 0; i < 1_000; i++) raw(11, \`{"id":\${i},${message}}\`);\nAtomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000);`,
        },
        { timeout_ms: 4_000 },
      );
      expect(result.status).toBe('timeout');
      expect(result.tool_calls.length).toBeLessThanOrEqual(MAX_CALLS);
      await isUnharmed();
    });

    test('sees no answer of another that asks by the same ids', async () => {
      const results = await Promise.all(
        Array.from({ length: 4 }, (_, who) => {
          const ask = (id: string) => `{"id":${id},"name":"git-status","arguments":{"from":"mine-${who}"}}`;
          return run({
            python: `for i in range(10):\n    raw(11, '${ask('%d')}' % i)\n    print(read())`,
            javascript: `for (let i = 0; i < 10; i++) { raw(11, \`${ask('${i}')}\`); console.log(read()); }`,
          });
        }),
      );
      for (const [who, { stdout }] of results.entries()) {
        expect(stdout.match(/mine-\d/g)).toEqual(Array(10).fill(`mine-${who}`));
      }
    });

    test('gets no answer to the process before it in its session', async () => {
      const session = { session_id: `process-before-${language}` };
      const first = await run(
        {
          python:
            'import threading\nthreading.Thread(target=lambda: tools.wait(ms=60000), daemon=True).start()\n' +
            'time.sleep(0.5)\nos._exit(0)',
          javascript: `tools.wait({ ms: 60000 }); setTimeout(() => process.kill(process.pid, 'SIGKILL'), 500);`,
        },
        session,
      );
      expect(first.tool_calls).toMatchObject([{ name: 'wait', status: 'cancelled' }]);
      const next = await run(
        { python: 'print(tools.add(a=1))', javascript: 'console.log(await tools.add({ a: 1 }))' },
        session,
      );
      expect(next.stdout).toMatch(/sum'?: 2/);
    });
  },
);
