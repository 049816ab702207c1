import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { expectLinear } from '@toolmesh/shared/test-kit/hostile-text';
import { offeredName } from '../../src/catalogue/names.ts';
import { DocumentError, parseJsonc } from '../../src/mesh-config/document/jsonc.ts';
import { loadMeshConfig } from '../../src/mesh-config/load-mesh-config.ts';
import { expandText } from '../../src/mesh-config/variables/expand-text.ts';

const ENV = { HOME: '/home/me', GH_TOKEN: 'secret-1', EMPTY: '', PORT: '8080' };

/** Reads a file with this text. */
function read(text: string | object, file = 'mesh.json') {
  const path = join(mkdtempSync(join(tmpdir(), 'mesh-')), file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, typeof text === 'string' ? text : JSON.stringify(text));
  return { path, ...loadMeshConfig(path, ENV) };
}

/** Reads one entry, and returns what the hub makes of it, with the warnings. */
function entry(value: unknown): Record<string, unknown> & { warnings: readonly string[] } {
  const { mcpServers, warnings } = read({ mcpServers: { x: value } });
  return { ...mcpServers['x'], warnings };
}

const GOOD = { url: 'http://localhost:1/mcp' };

describe('a file of another program', () => {
  test.each<[string, string, string | object, Record<string, object>]>([
    [
      'Claude Desktop',
      'claude_desktop_config.json',
      {
        globalShortcut: '',
        preferences: { menuBar: true },
        mcpServers: { fs: { command: 'npx', args: ['-y', 'fs'] } },
      },
      { fs: { kind: 'command', command: 'npx', args: ['-y', 'fs'] } },
    ],
    [
      'Claude Code',
      '.mcp.json',
      {
        mcpServers: {
          a: {
            type: 'http',
            url: 'https://a.test/mcp',
            headers: { Authorization: 'Bearer ${GH_TOKEN}' },
            timeout: 600_000,
          },
          b: { type: 'sse', url: 'https://b.test/sse', oauth: { clientId: 'c' } },
          c: { type: 'stdio', command: 'c', args: [], env: { K: '${NONE:-fallback}' } },
        },
      },
      {
        a: { transport: 'http', headers: { Authorization: 'Bearer secret-1' }, timeout_ms: 600_000 },
        b: { transport: 'sse' },
        c: { env: { K: 'fallback' } },
      },
    ],
    [
      'Cursor',
      '.cursor/mcp.json',
      {
        mcpServers: {
          a: { command: 'node', args: ['${workspaceFolder}/x.js', '${userHome}${/}y'], env: { T: '${env:GH_TOKEN}' } },
        },
      },
      { a: { args: [expect.stringMatching(/\/mesh-\w+\/x\.js$/), '/home/me/y'], env: { T: 'secret-1' } } },
    ],
    [
      'VS Code, with comments, trailing commas and a byte order mark',
      '.vscode/mcp.json',
      `\uFEFF{
        // asked for once
        "inputs": [
          { "type": "promptString", "id": "gh-token", "description": "A token", "password": true },
          { "type": "pickString", "id": "region", "default": "eu", "options": ["eu", "us"], },
        ],
        "servers": {
          "web": { "type": "http", "url": "https://a.test/mcp", "headers": { "Authorization": "Bearer \${input:gh-token}" }, "gallery": true },
          /* by itself */
          "own": { "type": "stdio", "command": "x", "args": ["\${input:region}", 5, true], "env": { "PORT": 8080, "V": 1.10, "OFF": null }, "dev": { "watch": "**" } },
        },
      }`,
      {
        web: { kind: 'url', transport: 'http', headers: { Authorization: 'Bearer secret-1' } },
        own: { args: ['eu', '5', 'true'], env: { PORT: '8080', V: '1.10' } },
      },
    ],
    [
      'Windsurf',
      'mcp_config.json',
      {
        mcpServers: {
          a: { serverUrl: 'https://a.test/mcp', disabledTools: ['drop'], headers: { K: '${env:GH_TOKEN}' } },
        },
      },
      { a: { url: 'https://a.test/mcp', exclude: ['drop'], headers: { K: 'secret-1' } } },
    ],
    [
      'Cline and Roo',
      'cline_mcp_settings.json',
      {
        mcpServers: {
          a: { type: 'streamableHttp', url: 'https://a.test/mcp', autoApprove: ['x'], disabled: false, timeout: 60 },
          b: { type: 'streamable-http', url: 'https://a.test/mcp', alwaysAllow: ['x'], timeout: 3_600 },
          c: { transportType: 'stdio', command: 'c', disabled: true },
          d: { command: 'd', timeout: 60_000, autoApprove: [] },
        },
      },
      {
        a: { transport: 'http', timeout_ms: 60_000 },
        b: { transport: 'http', timeout_ms: 3_600_000 },
        c: { disabled: true },
        d: { timeout_ms: 60_000 },
      },
    ],
    [
      'Gemini CLI',
      'settings.json',
      {
        theme: 'dark',
        mcpServers: {
          a: {
            httpUrl: 'https://a.test/mcp',
            url: 'https://old.test/sse',
            timeout: 600,
            trust: true,
            includeTools: ['a', 'b(x)'],
          },
          b: { command: 'b', env: { K: '$GH_TOKEN', P: '$NOT_SET' }, excludeTools: ['c'], description: '${NOT_SET}' },
        },
      },
      {
        a: { url: 'https://a.test/mcp', timeout_ms: 600, include: ['a', 'b'] },
        b: { env: { K: 'secret-1', P: '$NOT_SET' }, exclude: ['c'] },
      },
    ],
    [
      'Continue, in YAML',
      'config.yaml',
      `name: mine
mcpServers:
  - name: SQLite (local)
    command: npx
    args: [-y, mcp-sqlite, "\${{ secrets.GH_TOKEN }}"]
    env: { PORT: 8080 }
  - name: web
    type: sse
    url: https://a.test/sse
    apiKey: \${{ secrets.GH_TOKEN }}
    requestOptions: { timeout: 30, headers: { X: 1 } }
`,
      {
        [offeredName('', 'SQLite (local)')]: { args: ['-y', 'mcp-sqlite', 'secret-1'], env: { PORT: '8080' } },
        web: { transport: 'sse', headers: { X: '1', Authorization: 'Bearer secret-1' }, timeout_ms: 30_000 },
      },
    ],
    [
      'Zed',
      'settings.json',
      `{ "vim_mode": true, "context_servers": {
          "new": { "source": "custom", "enabled": true, "command": "x", "args": ["a"], "env": null },
          "old": { "command": { "path": "y", "args": ["b"], "env": { "K": "1" } }, "settings": {} },
          "off": { "enabled": false, "url": "https://a.test/mcp" } } }`,
      { new: { command: 'x', env: {} }, old: { command: 'y', args: ['b'], env: { K: '1' } }, off: { disabled: true } },
    ],
    [
      'opencode and Copilot',
      'opencode.json',
      {
        $schema: 'https://opencode.ai/config.json',
        mcp: {
          a: { type: 'local', command: ['npx', '-y', 'a'], environment: { K: 1 }, enabled: true, timeout: 5_000 },
          b: { type: 'remote', url: 'https://b.test/mcp', tools: ['*'] },
          c: { type: 'local', command: 'c', tools: ['one'] },
        },
      },
      {
        a: { command: 'npx', args: ['-y', 'a'], env: { K: '1' }, timeout_ms: 5_000 },
        b: { kind: 'url', transport: 'http', tools: {} },
        c: { include: ['one'] },
      },
    ],
    [
      'LibreChat and Goose, in YAML',
      'librechat.yaml',
      `version: 1.2.1
mcpServers:
  a: { type: streamable-http, url: 'https://a.test/mcp', timeout: 30000, initTimeout: 10000, iconPath: x }
extensions:
  b: { type: stdio, cmd: uvx, args: [b], envs: { K: v }, timeout: 300, enabled: true, bundled: null }
`,
      {
        a: { timeout_ms: 30_000, connect_timeout_ms: 10_000, transport: 'http' },
        b: { command: 'uvx', env: { K: 'v' }, timeout_ms: 300_000 },
      },
    ],
    [
      'the MCP registry',
      'server.json',
      {
        $schema: 'https://static.modelcontextprotocol.io/schemas/2025-09-29/server.schema.json',
        name: 'io.github.user/weather',
        description: 'Weather.',
        version: '1.2.0',
        packages: [
          {
            registryType: 'npm',
            identifier: '@user/weather',
            version: '1.2.0',
            runtimeHint: 'npx',
            transport: { type: 'stdio' },
            packageArguments: [
              { type: 'positional', value: 'serve' },
              { type: 'named', name: '--port', default: '1234' },
              { type: 'named', name: '--region', isRequired: false },
            ],
            environmentVariables: [
              { name: 'GH_TOKEN', isRequired: true, isSecret: true },
              { name: 'NOT_SET', description: 'may be missing' },
            ],
          },
        ],
        remotes: [{ type: 'sse', url: 'https://a.test/sse' }],
      },
      {
        [offeredName('', 'io.github.user/weather')]: {
          command: 'npx',
          args: ['-y', '@user/weather@1.2.0', 'serve', '--port', '1234'],
          env: { GH_TOKEN: 'secret-1' },
        },
      },
    ],
  ])('%s', (_program, file, text, expected) => {
    const { mcpServers } = read(text, file);
    expect(mcpServers).toMatchObject(expected);
    expect(Object.keys(mcpServers)).toEqual(Object.keys(expected));
  });

  test('of the registry with a container and with a remote alone', () => {
    const oci = {
      registryType: 'oci',
      identifier: 'docker.io/u/x',
      version: '2',
      environmentVariables: [{ name: 'GH_TOKEN', isRequired: true }],
    };
    const remote = {
      type: 'streamable-http',
      url: 'https://{region}.a.test/mcp',
      variables: { region: { default: 'eu' } },
      headers: [
        { name: 'X-Key', value: 'k {GH_TOKEN}', variables: { GH_TOKEN: { isRequired: true } } },
        { name: 'X-None' },
      ],
    };
    const { mcpServers } = read({
      servers: [{ server: { name: 'a', packages: [oci] } }, { server: { name: 'b', remotes: [remote] } }],
    });
    expect(mcpServers).toMatchObject({
      a: {
        command: 'docker',
        args: ['run', '-i', '--rm', '-e', 'GH_TOKEN', 'docker.io/u/x:2'],
        env: { GH_TOKEN: 'secret-1' },
      },
      b: { url: 'https://eu.a.test/mcp', transport: 'http', headers: { 'X-Key': 'k secret-1' } },
    });
  });
});

describe('an entry', () => {
  test.each<[string, object, object]>([
    ['that is a command line', { command: 'npx -y "a b"' }, { command: 'npx', args: ['-y', 'a b'] }],
    ['of Windows', { command: 'cmd', args: ['/c', 'npx.cmd', '-y', 'x'] }, { command: 'npx', args: ['-y', 'x'] }],
    [
      'with null at any depth',
      {
        command: 'x',
        args: ['a', null],
        env: { A: null },
        sandbox: { network: null },
        workers: { min: null, max: 1 },
        url: '',
      },
      { args: ['a'], env: {}, sandbox: { network: true }, workers: { max: 1 } },
    ],
    [
      'with values as text',
      { command: 'x', timeout_ms: '5000', disabled: 'false' },
      { timeout_ms: 5_000, disabled: false },
    ],
    ['with a prefix that names may not have', { ...GOOD, prefix: 'my.server/' }, { prefix: 'my_server_' }],
    ['with env as pairs', { command: 'x', env: ['A=1', 'B=x=y'] }, { env: { A: '1', B: 'x=y' } }],
  ])('%s', (_what, value, expected) => {
    expect(entry(value)).toMatchObject(expected);
  });

  test('in UTF-16, as PowerShell writes files', () => {
    const path = join(mkdtempSync(join(tmpdir(), 'mesh-')), 'mesh.json');
    writeFileSync(path, Buffer.from(`\uFEFF{"mcpServers":{"ü":{"url":"http://a.test"}}}`, 'utf16le'));
    expect([...loadMeshConfig(path, ENV).writtenNames.values()]).toEqual(['ü']);
  });
});

describe('references', () => {
  const value = (text: string) => {
    const { env, problems } = entry({ command: 'x', env: { V: text } });
    return problems ?? Object(env)['V'];
  };

  test.each([
    ['${GH_TOKEN}', 'secret-1'],
    ['${env:GH_TOKEN}', 'secret-1'],
    ['a ${env:NONE:-b} c', 'a b c'],
    ['${NONE:-${GH_TOKEN}}', 'secret-1'],
    ['${NONE:-{"a":1}}', '{"a":1}'],
    ['${NONE:-}', ''],
    ['${EMPTY:-full}', 'full'],
    ['$${GH_TOKEN} and $${env:X}', '${GH_TOKEN} and ${env:X}'],
    ['$$${GH_TOKEN}', '$${GH_TOKEN}'],
    ['costs $5, {braces}, ${', 'costs $5, {braces}, ${'],
    ['`${a.b}`', '`${a.b}`'],
  ])('%s is %s', (text, expected) => {
    expect(value(text)).toBe(expected);
  });

  test.each([
    ['${NONE}', 'mcpServers.x.env.V: ${NONE}: this variable is not set'],
    ['${env:NONE}', '${NONE}: this variable is not set'],
    ['${EMPTY}', '${EMPTY}: this variable is not set'],
    ['${NONE:-${OTHER}}', '${OTHER}: this variable is not set'],
    ['${input:api-key}', '${input:api-key} has no value; set the variable API_KEY'],
    ['${command:pick}', '${command:pick} is not understood here'],
    ['${NONE:?must}', 'is not understood here'],
    ['${file:nowhere.txt}', 'this file cannot be read'],
  ])('%s is a problem of the entry', (text, expected) => {
    expect(value(text)).toEqual([expect.stringContaining(expected)]);
  });

  test('of whatever form take linear time, and fallbacks have a depth', async () => {
    const scope = { variable: () => undefined, inputs: new Map(), folder: '/' };
    const marks = ['$', '${', '}', '{', ':-', '$${', '${A:-', '${{ secrets.', 'env:'];
    await expectLinear((text) => expandText(text, scope, []), { marks });
    const deep = `${'${NONE:-'.repeat(1_000)}x${'}'.repeat(1_000)}`;
    expect(value(deep)).toEqual([expect.stringContaining('nested deeper than 8')]);
  });

  test('read a file, and an env file whose variables give way to those of env', () => {
    const folder = mkdtempSync(join(tmpdir(), 'mesh-'));
    writeFileSync(join(folder, '.env'), 'A=1\nB=2\n');
    writeFileSync(join(folder, 'key.txt'), 'k\n');
    const path = join(folder, 'mesh.json');
    writeFileSync(
      path,
      JSON.stringify({
        mcpServers: { x: { command: 'x', envFile: '${workspaceFolder}/.env', env: { B: '${file:key.txt}' } } },
      }),
    );
    expect(loadMeshConfig(path, ENV).mcpServers['x']).toMatchObject({ env: { A: '1', B: 'k' } });
  });
});

describe('an entry that cannot be used', () => {
  test.each<[string, unknown, string, string]>([
    ['no kind', {}, 'unknown', 'mcpServers.bad: needs one of url, command and openapi; has none of them'],
    ['two kinds', { ...GOOD, command: 'x' }, 'unknown', 'has both url and command'],
    ['no object', 'npx -y x', 'unknown', 'must be an object'],
    [
      'a web socket',
      { type: 'ws', url: 'wss://a.test' },
      'url',
      'mcpServers.bad.type: "ws" is no transport of the hub',
    ],
    ['another scheme', { url: 'ftp://a.test' }, 'url', 'mcpServers.bad.url: must be an http or https URL'],
    [
      'args that are text',
      { command: 'x', args: '-y' },
      'command',
      'mcpServers.bad.args: Invalid input: expected array',
    ],
    [
      'env that is nested',
      { command: 'x', env: { A: {} } },
      'command',
      'mcpServers.bad.env.A: Invalid input: expected string',
    ],
    ['a timeout', { ...GOOD, timeout_ms: -1 }, 'url', 'mcpServers.bad.timeout_ms'],
    ['a protection that is spelt wrongly', { command: 'x', sandbox: { read_olny: true } }, 'command', 'read_olny'],
    [
      'an env file',
      { command: 'x', envFile: 'nowhere' },
      'command',
      'mcpServers.bad.env_file: must be the path of a file',
    ],
  ])('for %s names the place and what was expected, and others stay', (_why, bad, seen, problem) => {
    const { mcpServers } = read({ mcpServers: { bad, good: GOOD } });
    expect(mcpServers).toMatchObject({ bad: { kind: 'unusable', seen }, good: { kind: 'url' } });
    expect(JSON.stringify(mcpServers['bad'])).toContain(JSON.stringify(problem).slice(1, -1));
  });

  test('and is disabled is no problem', () => {
    expect(entry({ url: '${NONE}', disabled: true })).toMatchObject({ kind: 'unusable', disabled: true });
  });
});

describe('what has no effect', () => {
  test('is a warning that names the nearest known key; what is for people is none', () => {
    expect(
      entry({ ...GOOD, exlude: [], alwaysAllow: [], description: 'mine', title: 'x', icon: 'y', env: {} }),
    ).toMatchObject({
      kind: 'url',
      warnings: [
        'mcpServers.x.exlude: is not known here and has no effect; did you mean exclude?',
        'mcpServers.x.alwaysAllow: has no effect: approvals are policies of the chat',
        'mcpServers.x.env: has no effect beside url',
      ],
    });
    expect(entry({ command: 'x', workers: { mim: 1 } }).warnings).toEqual([
      expect.stringContaining('mcpServers.x.workers.mim: is not known'),
    ]);
  });

  test('also a transport that nobody has, even one that every object of JavaScript has', () => {
    expect(entry({ ...GOOD, type: 'constructor' })).toMatchObject({
      kind: 'url',
      warnings: ['mcpServers.x.type: "constructor" is not known; "stdio", "http" and "sse" are'],
    });
  });

  test('also at the top, for keys and names that are there twice', () => {
    const { warnings, mcpServers } = read(
      '{"mcpServer": 1, "mcpServers": {"a": {"url": "http://a.test"}, "a": {"url": "http://b.test"}}}',
    );
    expect(warnings).toEqual([
      'mcpServers.a: is there twice; the last one counts',
      expect.stringContaining('mcpServer: is not known here'),
    ]);
    expect(mcpServers['a']).toMatchObject({ url: 'http://b.test' });
  });
});

describe('names', () => {
  test('with dots, slashes, blanks and other scripts are kept apart, whatever else the file has', () => {
    const names = ['io.github.user/x', 'a b', 'a.b', '日本語', '__proto__', 'x'.repeat(80), 'plain-1'];
    const { mcpServers, writtenNames } = read(
      `{"mcpServers": {${names.map((name) => `${JSON.stringify(name)}: {"url": "http://a.test"}`).join()}}}`,
    );
    const given = Object.keys(mcpServers);
    expect(given).toHaveLength(names.length);
    expect(given.every((name) => /^[\w-]{1,64}$/.test(name))).toBe(true);
    expect(given).toContain('plain-1');
    expect(Object.keys(read({ mcpServers: { 'a b': GOOD } }).mcpServers)).toEqual([given[1]]);
    expect(writtenNames.get(given[0] ?? '')).toBe('io.github.user/x');
  });
});

describe('a file that cannot be read as a whole', () => {
  test('is refused in linear time', async () => {
    const parse = (text: string) => {
      try {
        parseJsonc(text);
      } catch (error) {
        if (!(error instanceof DocumentError)) throw error;
      }
    };
    await expect(
      expectLinear(parse, { marks: ['{', '}', '[', ']', ',', ':', '"', '//', '/*', '*/', '"a":', '\\u'] }),
    ).resolves.toBeUndefined();
  });

  test.each([
    ['{\n  "mcpServers": {\n    "a": {"url" 1}\n  }\n}', 'is not valid JSON: line 3, column 17: expected a colon'],
    ['{"mcpServers": {', 'is not valid JSON: line 1, column 17: expected }'],
    ['', 'is empty'],
    ['[]', 'it is a list; expected {"mcpServers"'],
    ['{"mcpServers": 5}', 'mcpServers: is a number'],
    ['{"command": "x"}', 'one server without a name'],
    ['{"theme": "dark"}', 'it lists no servers'],
    ['['.repeat(100_000), 'nested deeper'],
  ])('%.40s', (text, problem) => {
    expect(() => read(text)).toThrow(problem);
  });
});
