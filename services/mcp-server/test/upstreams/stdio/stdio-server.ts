/**
 * A stdio MCP server of 2025-11-25 that can misbehave in the ways its tools and its arguments name. Written without an
 * SDK, since an SDK does not let one send half a message.
 */
import { spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { createInterface } from 'node:readline';

const flags = new Set(process.argv.slice(2));
const write = (text: string): boolean => process.stdout.write(text);
const encode = (message: object): string => {
  const text = JSON.stringify(message, undefined, flags.has('--pretty') ? 2 : undefined);
  return `${flags.has('--byte-order-mark') ? '\uFEFF' : ''}${text}${flags.has('--crlf') ? '\r\n' : '\n'}`;
};
const answer = (id: unknown, result: object): boolean => {
  const named = flags.has('--text-ids') ? String(id) : id;
  return write(encode({ ...(flags.has('--no-version') ? {} : { jsonrpc: '2.0' }), id: named, result }));
};
const text = (said: string) => ({ content: [{ type: 'text', text: said }] });

if (flags.has('--talk')) process.stderr.write('starting\nhello from stderr\n');
if (flags.has('--proxy')) process.stderr.write(`proxy ${process.env['https_proxy']}\n`);
if (flags.has('--garbage-first')) write('Listening on stdio!\n{"not":"mcp"}\n{ starting\n[info] up\n');
if (flags.has('--cannot-start')) process.exit(3);
if (flags.has('--ignore-sigterm')) process.on('SIGTERM', () => {});

/** The tools, each with its work; one that returns nothing does not answer. */
const TOOLS: Record<string, (args: Record<string, unknown>) => Promise<object> | object | undefined> = {
  echo: (args) => text(String(args['text'])),
  pid: () => text(String(process.pid)),
  env: () => text(JSON.stringify(process.env)),
  cwd: () => text(process.cwd()),
  sleep: async ({ ms }) => {
    await new Promise((resolve) => setTimeout(resolve, Number(ms)));
    return text('slept');
  },
  silence: () => undefined,
  exit: () => process.exit(7),
  hang: () => {
    for (;;);
  },
  /** Says its progress with its result, in one piece. */
  progress: ({ token, id }) => {
    const steps = [1, 2].map((progress) =>
      encode({
        jsonrpc: '2.0',
        method: 'notifications/progress',
        params: { progressToken: token, progress, total: 2 },
      }),
    );
    write(`${steps.join('')}${encode({ jsonrpc: '2.0', id, result: text('done') })}`);
    return undefined;
  },
  /** Answers with more than a line may have; the id comes first or last. */
  long: ({ id, first, bytes }) => {
    const result = text('x'.repeat(Number(bytes)));
    write(`${JSON.stringify(first === true ? { jsonrpc: '2.0', id, result } : { result, jsonrpc: '2.0', id })}\n`);
    return undefined;
  },
  deaf: () => {
    closeSync(0);
    return text('what?');
  },
  half_a_frame: () => {
    process.stdout.write('{"jsonrpc":"2.0","id":1,"resu', () => process.exit(0));
    return undefined;
  },
  endless_line: () => {
    const more = (): void => {
      while (write('x'.repeat(65_536)));
      process.stdout.once('drain', more);
    };
    more();
    return undefined;
  },
  garbage: () => {
    const more = (): void => {
      while (write('this is no message\n'.repeat(1_000)));
      process.stdout.once('drain', more);
    };
    more();
    return undefined;
  },
  stderr_flood: () => {
    process.stderr.write('so much to say\n'.repeat(5_000));
    process.stderr.write(`${'y'.repeat(100_000)}\n`);
    return text('said');
  },
  child: () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    return text(String(child.pid));
  },
};

const lines = createInterface(process.stdin);
lines.on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  if (method === 'server/discover' && flags.has('--dies-of-surprise')) process.exit(1);
  if (method === 'initialize') {
    const serverInfo = { name: 'misbehaving', version: '1' };
    answer(id, { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo });
  } else if (method === 'ping') answer(id, {});
  else if (method === 'tools/list') {
    answer(id, { tools: Object.keys(TOOLS).map((name) => ({ name, inputSchema: { type: 'object' } })) });
  } else if (method === 'tools/call') {
    void Promise.resolve(TOOLS[params.name]?.({ ...params.arguments, id, token: params._meta?.progressToken })).then(
      (result) => {
        if (result !== undefined) answer(id, result);
      },
    );
  } else if (id !== undefined) {
    write(`${JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32_601, message: 'Method not found' } })}\n`);
  }
});
process.stdin.on('error', () => {});
lines.on('close', () => {
  if (!flags.has('--ignore-eof')) process.exit(0);
  setInterval(() => {}, 1_000);
});
