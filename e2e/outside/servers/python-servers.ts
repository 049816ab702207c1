import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { serveRaw } from '@toolmesh/shared/test-kit/raw-server';
import { newFolder, python, versionOf } from '../parts.ts';
import { expectText, type ServerCase } from './server-case.ts';

const named = (name: string): Pick<ServerCase, 'name' | 'version'> => ({ name, version: versionOf(name) });

/** Lets the server's package install what it wants to have of npm. */
const FETCH_PARTS =
  'from readabilipy import simple_json_from_html_string as read; read("<p>a</p>", use_readability=True)';

const folder = newFolder();
const repository = newFolder();
const workbook = (face: string) => ({ path: join(folder, `${face}.xlsx`) });
const site = await serveRaw((req, res) => {
  if (req.url === '/robots.txt') return void res.writeHead(404).end();
  res
    .setHeader('content-type', 'text/html')
    .end('<html><body><h1>Harbour</h1><p>Three ships came in.</p></body></html>');
});
site.server.unref();

export const PYTHON_SERVERS: readonly ServerCase[] = [
  {
    ...named('mcp-server-git'),
    tools: 10,
    entry: async () => {
      const git = (...args: readonly string[]) => execFileSync('git', ['-C', repository, ...args], { stdio: 'ignore' });
      git('init', '-q');
      writeFileSync(join(repository, 'a.txt'), 'one\n');
      git('add', '.');
      git('-c', 'user.name=a', '-c', 'user.email=a@example.org', 'commit', '-q', '-m', 'begin the log');
      writeFileSync(join(repository, 'a.txt'), 'two\n');
      return { command: await python('current', 'mcp-server-git'), args: ['--repository', repository] };
    },
    calls: [
      { tool: 'git_log', args: () => ({ repo_path: repository }), says: /begin the log/ },
      { tool: 'git_diff_unstaged', args: () => ({ repo_path: repository }), says: /\+two/ },
      {
        tool: 'git_show',
        args: () => ({ repo_path: repository, revision: 'nowhere' }),
        says: /nowhere/,
        isError: true,
      },
    ],
  },
  {
    ...named('mcp-server-time'),
    tools: 2,
    entry: async () => ({ command: await python('current', 'mcp-server-time'), args: ['--local-timezone', 'UTC'] }),
    calls: [
      { tool: 'get_current_time', args: () => ({ timezone: 'Europe/Berlin' }), says: /Europe\/Berlin/ },
      {
        tool: 'convert_time',
        args: () => ({ source_timezone: 'UTC', time: '12:00', target_timezone: 'Asia/Tokyo' }),
        says: /T21:00/,
      },
      { tool: 'get_current_time', args: () => ({ timezone: 'Mars/Olympus' }), says: /Mars/, isError: true },
    ],
    notes: ['`get_current_time` is also a tool of the time service: one of the two needs a prefix'],
  },
  {
    ...named('mcp-server-fetch'),
    tools: 1,
    entry: async () => {
      execFileSync(await python('current'), ['-c', FETCH_PARTS], { stdio: 'ignore' });
      return { command: await python('current', 'mcp-server-fetch'), args: ['--allow-private-ips'] };
    },
    calls: [{ tool: 'fetch', args: () => ({ url: `${site.url}/harbour` }), says: /Three ships came in/ }],
    offers: { prompt: 'fetch', promptArgs: { url: `${site.url}/harbour` } },
    notes: ['installs parts of npm into its own package at its first use, which a jail refuses: use it once without'],
  },
  {
    ...named('mcp-server-sqlite'),
    tools: 6,
    entry: async () => ({
      command: await python('sdk-one', 'mcp-server-sqlite'),
      args: ['--db-path', join(folder, 'data.db')],
      workers: { min: 1, max: 1 },
    }),
    calls: [
      { tool: 'create_table', args: (face) => ({ query: `CREATE TABLE ${face} (n INTEGER)` }), says: /created/i },
      { tool: 'write_query', args: (face) => ({ query: `INSERT INTO ${face} VALUES (6), (7)` }), says: /2/ },
      { tool: 'read_query', args: (face) => ({ query: `SELECT SUM(n) AS total FROM ${face}` }), says: /'total': 13/ },
      { tool: 'list_tables', args: () => ({}), says: /REST/ },
    ],
    offers: { resource: 'memo://insights' },
    notes: ['needs `mcp` below 2'],
  },
  {
    ...named('mcp-server-calculator'),
    tools: 1,
    entry: async () => ({ command: await python('sdk-one', 'mcp-server-calculator') }),
    calls: [
      { tool: 'calculate', args: () => ({ expression: '2 + 5 * 8' }), says: /^42/ },
      { tool: 'calculate', args: () => ({ expression: '2 +' }), says: /./, isError: true },
    ],
    notes: ['needs `mcp` below 2'],
  },
  {
    ...named('excel-mcp-server'),
    tools: 20,
    entry: async () => ({ command: await python('current', 'excel-mcp-server'), args: ['stdio'], cwd: folder }),
    calls: [
      { tool: 'create_workbook', args: workbook, says: /\w/ },
      {
        tool: 'write_range',
        args: (face) => ({ ...workbook(face), sheet: 'Sheet1', at: 'A1', rows: [['name'], ['Ada']] }),
        says: /\w/,
      },
      { tool: 'read_range', args: (face) => ({ ...workbook(face), sheet: 'Sheet1' }), says: /Ada/ },
    ],
  },
  {
    ...named('mcp-server-motherduck'),
    tools: 3,
    entry: async () => ({
      command: await python('current', 'mcp-server-motherduck'),
      args: ['--db-path', ':memory:', '--read-write'],
      prefix: 'duck_',
    }),
    notes: ['`list_tables` is also a tool of mcp-server-sqlite: one of the two needs a prefix'],
    calls: [{ tool: 'duck_execute_query', args: () => ({ sql: 'SELECT 6 * 7 AS answer' }), says: /42/ }],
    async session(call, own) {
      await call('duck_execute_query', { sql: 'CREATE TABLE mine (who VARCHAR)' });
      await call('duck_execute_query', { sql: `INSERT INTO mine VALUES ('${own}')` });
      const found = await call('duck_execute_query', { sql: `SELECT count(*) AS n, max(who) AS who FROM mine` });
      expectText(found, new RegExp(`1\\D+${own}`));
    },
  },
];
