import { mkdirSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { defineTool } from '@toolmesh/shared/kit/tools/tool';
import { endWithTest } from '@toolmesh/shared/test-kit/end-with-test';
import { serveTools } from '@toolmesh/shared/test-kit/serve-tools';
import { z } from 'zod';
import { parseJsonc } from '../../../services/mcp-server/src/mesh-config/document/jsonc.ts';
import { parseEntry } from '../../../services/mcp-server/src/mesh-config/parse-entry.ts';
import { readyServers } from '../../../services/mcp-server/src/mesh-config/ready/ready-servers.ts';
import { renderReady } from '../../../services/mcp-server/src/mesh-config/ready/render-ready.ts';
import { CommandError } from '../command-error.ts';
import { runCommand } from '../run-command.ts';
import type { Surroundings } from '../surroundings.ts';

const FILE = `{
  // mine
  "mcpServers": {
    "a": { "url": "http://127.0.0.1:9/mcp" }, // stays
  },
}
`;

/** A folder with a mesh.json, and the commands in it. */
function workplace(env: NodeJS.ProcessEnv = {}, text = FILE) {
  const folder = mkdtempSync(join(tmpdir(), 'mesh-command-'));
  const path = join(folder, 'mesh.json');
  writeFileSync(path, text);
  const lines: string[] = [];
  const around: Surroundings = {
    path,
    env,
    home: folder,
    folder,
    print: (line) => void lines.push(line),
    ask: undefined,
  };
  return {
    folder,
    around,
    said: () => lines.join('\n'),
    text: () => readFileSync(path, 'utf8'),
    servers: () => Object(Object(parseJsonc(readFileSync(path, 'utf8')).value)['mcpServers']),
    run: (...words: readonly string[]) => runCommand(words, around),
    write(file: string, content: unknown) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), typeof content === 'string' ? content : JSON.stringify(content));
    },
  };
}

describe('mesh add', () => {
  test('writes what the options say, keeps comments, order and rights, and names variables that are not set', async () => {
    const { run, servers, text, said, around } = workplace();
    const { mode } = statSync(around.path);
    expect(await run('add', 'web', '--url', 'https://x.test/mcp', '-H', 'Authorization: Bearer ${W_TOKEN}')).toBe(true);
    await run('add', 'own', '-e', 'A=1', '--prefix', 'o_', '--', 'node', 'x.js', '--flag');
    await run('add', 'line', '--command', 'npx -y x');
    await run('add', 'rest', '--openapi', 'https://x.test/openapi.json');
    expect(servers()).toEqual({
      a: { url: 'http://127.0.0.1:9/mcp' },
      web: { url: 'https://x.test/mcp', headers: { Authorization: 'Bearer ${W_TOKEN}' } },
      own: { command: 'node', args: ['x.js', '--flag'], env: { A: '1' }, prefix: 'o_' },
      line: { command: 'npx -y x' },
      rest: { openapi: 'https://x.test/openapi.json' },
    });
    expect(text()).toContain('// mine\n');
    expect(text()).toContain('"a": { "url": "http://127.0.0.1:9/mcp" }, // stays\n');
    expect(said()).toContain('W_TOKEN=... in .env');
    expect(statSync(around.path).mode).toBe(mode);
  });

  test('refuses what would not work or would replace another, and changes nothing', async () => {
    const { run, text } = workplace();
    await expect(run('add', 'a', '--url', 'http://b.test')).rejects.toThrow('has an entry "a". --force replaces it');
    await expect(run('add', 'b', '--url', 'nonsense')).rejects.toThrow('b.url: must be an http or https URL');
    await expect(run('add', 'b', '--url', 'http://b.test', '--', 'x')).rejects.toThrow('both url and command');
    await expect(run('add', 'jra')).rejects.toThrow('Did you mean jira?');
    await expect(run('add', 'b', '-e', 'A', '--', 'x')).rejects.toThrow('write --env NAME=value');
    await expect(run('add')).rejects.toThrow('needs the name of an entry');
    await expect(run('ad')).rejects.toThrow('there is no command "ad"');
    expect(text()).toBe(FILE);
    await run('add', 'a', '--url', 'http://b.test', '--force');
    expect(text()).toBe(FILE.replace('http://127.0.0.1:9/mcp', 'http://b.test'));
  });

  test('takes a ready server, whose secrets stay references, and names all that is missing', async () => {
    const { run, servers, said, text } = workplace();
    await expect(run('add', 'jira')).rejects.toThrow(
      /--env JIRA_URL=https:.*\n.*set JIRA_API_TOKEN in \.env.*https:\/\/id\.atl/,
    );
    const address = ['--env', 'JIRA_URL=https://x.test'];
    await expect(run('add', 'jira', ...address, '--env', 'JIRA_API_TOKEN=abc')).rejects.toThrow('is a secret');
    await expect(run('add', 'jira', ...address, '--env', 'JIRA_UR=abc')).rejects.toThrow('JIRA_URL');
    expect(text()).toBe(FILE);
    await run('add', 'jira', ...address);
    expect(servers().jira.env).toEqual({ JIRA_URL: 'https://x.test', JIRA_API_TOKEN: '${JIRA_API_TOKEN}' });
    expect(said()).toContain('Set       JIRA_API_TOKEN=... in .env: API token');
    expect(said()).toContain('Needs     uv, which is not installed here');
    const set = workplace({ JIRA_URL: 'https://y.test', JIRA_PERSONAL_TOKEN: 'abc' });
    await set.run('add', 'work', '--from', 'jira');
    expect(set.servers().work.env).toEqual({
      JIRA_URL: '${JIRA_URL}',
      JIRA_PERSONAL_TOKEN: '${JIRA_PERSONAL_TOKEN}',
    });
  });

  test('asks for what is missing where somebody can be asked', async () => {
    const { around, servers } = workplace();
    const asked: string[] = [];
    const ask = async (question: string) => {
      asked.push(question);
      return '/srv/project';
    };
    await runCommand(['add', 'git'], { ...around, ask });
    expect(asked).toEqual([expect.stringContaining('GIT_REPOSITORY (folder of the repository')]);
    expect(servers().git.args).toEqual([expect.stringContaining('mcp-server-git@'), '--repository', '/srv/project']);
  });
});

describe('mesh remove and list', () => {
  test('remove takes one entry out; list says what there is, and why one cannot be used', async () => {
    const { run, said, text } = workplace();
    await run('add', 'io.github.user/x', '--url', 'https://x.test/${NOT_SET}');
    await run('list');
    expect(said()).toMatch(
      /io\.github\.user\/x +cannot be used +https:\/\/x\.test.*\n.*\$\{NOT_SET\}: this variable is not set/,
    );
    await run('remove', 'io.github.user/x');
    expect(text()).toBe(FILE);
    await expect(run('remove', 'b')).rejects.toThrow(CommandError);
  });
});

describe('mesh test', () => {
  test('connects an entry through the code of the hub and lists its tools, or says why it cannot', async () => {
    const hello = defineTool({
      name: 'hello',
      description: 'Greets.',
      input: z.object({}),
      output: z.object({}),
      run: async () => ({}),
    });
    const server = endWithTest(await serveTools([hello], {}));
    const { run, said } = workplace({ PATH: process.env['PATH'] });
    await run('add', 'good', '--url', `${server.url}/mcp`);
    await run('add', 'gone', '--', process.execPath, '-e', 'console.error("MY_TOKEN is required"); process.exit(3)');
    expect(await run('test', 'good')).toBe(true);
    expect(said()).toMatch(/ok +good answers after .* 1 tools, 0 prompts, 0 resources\n +hello/);
    expect(await run('test')).toBe(false);
    expect(said()).toMatch(/FAILED +a is down/);
    expect(said()).toMatch(/FAILED +gone is down/);
    await expect(run('test', 'nobody')).rejects.toThrow('has no entry "nobody"; it has a, good, gone');
  }, 60_000);
});

describe('mesh import', () => {
  test('shows and adds the servers of a program in our words, and never replaces an entry unless told to', async () => {
    const { run, servers, said, write, folder, text } = workplace();
    write('.vscode/mcp.json', {
      inputs: [{ id: 'gh-token', type: 'promptString' }],
      servers: {
        a: { url: 'http://other.test' },
        gh: { type: 'http', url: 'https://gh.test', headers: { Authorization: 'Bearer ${input:gh-token}' } },
        own: { command: 'node', args: ['${workspaceFolder}/x.js'], env: { T: '${env:T}', OFF: null }, dev: {} },
      },
    });
    expect(await run('import', 'vscode')).toBe(false);
    expect(said()).toContain('run it again with --yes');
    expect(text()).toBe(FILE);
    expect(await run('import', 'vscode', '--yes')).toBe(true);
    expect(said()).toContain('kept    a: mesh.json has an entry of this name');
    expect(servers()).toEqual({
      a: { url: 'http://127.0.0.1:9/mcp' },
      gh: { url: 'https://gh.test', headers: { Authorization: 'Bearer ${GH_TOKEN}' }, transport: 'http' },
      own: { command: 'node', args: [join(folder, 'x.js')], env: { T: '${T}' } },
    });
    expect(text()).toContain('// stays');
    await run('import', 'vscode', '--yes', '--force');
    expect(servers().a).toEqual({ url: 'http://other.test' });
  });

  test('knows the units of programs, finds all files by itself, and advises on secrets that stand as text', async () => {
    const { run, servers, said, write } = workplace({ XDG_CONFIG_HOME: '' });
    write('.gemini/settings.json', {
      mcpServers: { gem: { httpUrl: 'https://g.test', timeout: 900, headers: { K: '$G_KEY' } } },
    });
    write('.roo/mcp.json', { mcpServers: { roo: { command: 'x', timeout: 300, env: { API_KEY: 'abc' } } } });
    write('.continue/config.yaml', 'mcpServers:\n  - name: list\n    command: x\n    args: ["${{ secrets.S }}"]\n');
    write('.claude.json', { projects: {}, numStartups: 3 });
    write('.cursor/mcp.json', '{ broken');
    expect(await run('import', '--yes')).toBe(true);
    expect(servers()).toMatchObject({
      gem: { url: 'https://g.test', timeout_ms: 900, headers: { K: '${G_KEY}' } },
      roo: { timeout_ms: 300_000 },
      list: { args: ['${S}'] },
    });
    expect(said()).toMatch(/skipped .*\.cursor\/mcp\.json, of cursor: .*line 1, column 3/);
    expect(said()).toContain('roo: API_KEY may be a secret');
    await expect(run('import', 'nowhere.json')).rejects.toThrow('neither a file nor one of claude');
  });
});

describe('the catalogue', () => {
  test.each([...readyServers()])('%s renders to an entry that can be used, without a secret in it', (name, ready) => {
    const all = new Map(Object.keys(ready.settings).map((setting) => [setting, `value of ${setting}`]));
    const { entry, missing } = renderReady(ready, { given: all, isSet: () => false });
    expect(missing).toEqual([]);
    const scope = { variable: () => 'http://set.test', inputs: new Map(), folder: '/' };
    const { config, warnings } = parseEntry({ name, path: [name], value: entry }, scope);
    expect({ config, warnings }).toMatchObject({
      config: { kind: expect.stringMatching(/^(url|command)$/) },
      warnings: [],
    });
    const secrets = Object.entries(ready.settings).filter(([, { secret }]) => secret);
    for (const [setting] of secrets) expect(JSON.stringify(entry)).not.toContain(`value of ${setting}`);
    for (const setting of Object.keys(ready.settings)) expect(JSON.stringify(ready.entry)).toContain(`\${${setting}}`);
    // A version that is not fixed may become another program over night.
    const packages = config.kind === 'command' ? [config.args.join(' ')] : [];
    expect(packages.filter((args) => !/@\d+\.\d+\.\d+/.test(args))).toEqual([]);
  });

  test('is listed by word', async () => {
    const { run, said } = workplace();
    await run('catalogue', 'browser');
    expect(said()).toContain('playwright');
    expect(said()).not.toContain('jira');
  });
});
