import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

const root = fileURLToPath(new URL('../../', import.meta.url));
const oxlint = `${root}node_modules/.bin/oxlint`;
/** A tree of its own for the files that break a rule: lint may be running beside the tests. */
let tree: string;
beforeAll(() => {
  tree = mkdtempSync(join(tmpdir(), 'toolmesh-rules-'));
  cpSync(`${root}.oxlintrc.json`, join(tree, '.oxlintrc.json'));
  // The rules on regular expressions are of a package.
  symlinkSync(`${root}node_modules`, join(tree, 'node_modules'));
});
afterAll(() => rmSync(tree, { recursive: true, force: true }));

/** Returns what the linter reports about `source` at `path`, one problem a line. */
function lint(path: string, source: string): string {
  const place = join(tree, path);
  mkdirSync(place.slice(0, place.lastIndexOf('/')), { recursive: true });
  writeFileSync(place, source);
  const { stdout } = spawnSync(oxlint, ['--format', 'unix', place], { cwd: tree, encoding: 'utf8' });
  rmSync(place);
  return stdout;
}

const statements = (count: number): string => '  void 0;\n'.repeat(count);
const branches = (count: number): string => '  if (x > 1) return 1;\n'.repeat(count);

describe('the linter refuses', () => {
  const broken: [string, string, string][] = [
    ['a service that imports another', 'services/time-client/src/broken.ts', "import '../../sandbox/src/config.ts';\n"],
    [
      'a service that imports one that does not exist yet',
      'services/time-client/src/broken.ts',
      "import { roll } from '../../tea-leaves/src/roll.ts';\nroll();\n",
    ],
    [
      'a service that does not exist yet and imports another',
      'services/tea-leaves/src/deeper/broken.ts',
      "import { load } from '../../../sandbox/src/config.ts';\nload();\n",
    ],
    [
      'an adapter that imports another service',
      'services/mcp-server/src/upstreams/broken.ts',
      "import { roll } from '../../../tea-leaves/src/roll.ts';\nroll();\n",
    ],
    [
      'a kit that imports a service',
      'shared/kit/http/broken.ts',
      "import { roll } from '../../../services/tea-leaves/src/roll.ts';\nroll();\n",
    ],
    [
      'the SDK of MCP in a service',
      'services/mcp-server/src/faces/broken.ts',
      "import '@modelcontextprotocol/server';\n",
    ],
    ['the SDK of MCP in shared', 'shared/mcp/server/broken.ts', "import '@modelcontextprotocol/server';\n"],
    [
      'the test kit outside of tests',
      'services/time-client/src/broken.ts',
      "import { until } from '@toolmesh/shared/test-kit/waiting';\nvoid until(() => true);\n",
    ],
    [
      'a service that imports another’s package',
      'services/middleware/src/broken.ts',
      "import { x } from '@toolmesh/sandbox/x';\n",
    ],
    [
      'a use case that knows the web framework',
      'services/sandbox/src/broken.ts',
      "import express from 'express';\nexpress();\n",
    ],
    [
      'interpreters outside of the runtimes',
      'services/sandbox/src/workers/broken.ts',
      "import ivm from 'isolated-vm';\nnew ivm.Isolate();\n",
    ],
    [
      'providers outside of the models',
      'services/middleware/src/run/broken.ts',
      "import OpenAI from 'openai';\nnew OpenAI();\n",
    ],
    [
      'a second wrapper of the metrics',
      'services/mcp-server/src/broken.ts',
      "import { Counter } from 'prom-client';\nexport const c = Counter;\n",
    ],
    [
      'a second HTTP client in a service',
      'services/sandbox/src/broken.ts',
      "import { request } from 'undici';\nexport const r = request;\n",
    ],
    [
      'a second HTTP client in the kit',
      'shared/kit/http/broken.ts',
      "import { request } from 'undici';\nexport const r = request;\n",
    ],
    [
      'a second HTTP client of the models',
      'services/middleware/src/models/broken.ts',
      "import { request } from 'undici';\nexport const r = request;\n",
    ],
    [
      'a script that reaches into a service',
      'scripts/doctor/broken.ts',
      "import { find } from '../../services/tea-leaves/src/cups/find.ts';\nfind();\n",
    ],
    [
      'a second wrapper of JSON with comments',
      'scripts/mesh/broken.ts',
      "import { parse } from 'jsonc-parser';\nparse('');\n",
    ],
    ['settings read in passing', 'services/mcp-server/src/broken.ts', 'export const url = process.env.SANDBOX_URL;\n'],
    ['a default export', 'shared/kit/http/broken.ts', 'export default 1;\n'],
    ['any', 'shared/kit/http/broken.ts', 'export const x: any = 1;\n'],
    [
      'a function of more than 60 lines',
      'shared/kit/http/broken.ts',
      `export function f(): void {\n${statements(60)}}\n`,
    ],
    [
      'a function of 13 ways',
      'shared/kit/http/broken.ts',
      `export function f(x: number): number {\n${branches(12)}  return 0;\n}\n`,
    ],
    [
      'four positional parameters',
      'services/tea-leaves/src/broken.ts',
      'export const f = (a: number, b: number, c: number, d: number): number => a + b + c + d;\n',
    ],
  ];
  test.each(broken)('%s', (_name, path, source) => {
    expect(lint(path, source)).toMatch(
      /\[Error\/[a-z]+\((no-restricted-imports|no-process-env|no-default-export|no-explicit-any|max-lines-per-function|complexity|max-params|no-cycle)\)\]/,
    );
  });

  test('a circle of imports, of types too', () => {
    const other = join(tree, 'services/tea-leaves/src/other.ts');
    mkdirSync(join(other, '..'), { recursive: true });
    writeFileSync(other, "import type { Broken } from './broken.ts';\nexport type Other = Broken;\n");
    expect(
      lint(
        'services/tea-leaves/src/broken.ts',
        "import type { Other } from './other.ts';\nexport type Broken = Other[];\n",
      ),
    ).toContain('[Error/import(no-cycle)]');
  });

  const slow: [string, string][] = [
    ['services/middleware/src/slow.ts', 'export const slow = /^(a+)+$/;'],
    ['services/middleware/web/src/slow.tsx', 'export const slow = /^(?:a|a)*$/;'],
    ['shared/kit/http/slow.ts', 'export const slow = (text: string): string => text.replace(/\\s+$/, "");'],
    ['services/sandbox/src/slow.ts', 'export const slow = /^\\w*\\d*x/;'],
    ['scripts/slow.mjs', 'export const slow = new RegExp("(x+x+)+y");'],
    ['index-proxy/slow.ts', 'const PART = String.raw`a+`;\nexport const slow = new RegExp(`^(${PART})+$`);'],
  ];
  test.each(slow)('a pattern that takes more than linear time, in %s', (path, source) => {
    expect(lint(path, `${source}\n`)).toMatch(
      /\[Error\/regexp\(no-(super-linear-backtracking|super-linear-move|dupe-disjunctions)\)\]/,
    );
  });

  test('nothing that is fine', () => {
    expect(
      lint('scripts/doctor/broken.ts', "import { tea } from '../../services/tea-leaves/src/service.ts';\ntea();\n"),
    ).not.toContain('Error/');
    expect(
      lint('services/time-client/src/broken.ts', "export { VERSION } from '@toolmesh/shared/kit/service/version';\n"),
    ).not.toContain('Error/');
  });
});

/** The limits whose exceptions are listed file by file, and have to go in the end. */
const LIMITS = ['eslint/max-lines-per-function', 'eslint/max-params', 'eslint/complexity', 'import/no-cycle'];

interface Override {
  readonly files: readonly string[];
  readonly rules: Readonly<Record<string, unknown>>;
}

/** Tells the lists of exceptions from the rules for whole folders. */
const isList = ({ files, rules }: Override): boolean =>
  Object.keys(rules).every((rule) => LIMITS.includes(rule)) && files.every((file) => !file.includes('*'));

test('no exception to a limit is listed that is not needed any more', () => {
  const config: { readonly overrides: readonly Override[] } = JSON.parse(readFileSync(`${root}.oxlintrc.json`, 'utf8'));
  const listed = config.overrides
    .filter(isList)
    .flatMap(({ files, rules }) => files.flatMap((file) => Object.keys(rules).map((rule) => `${rule} ${file}`)));
  // Beside the other, for paths in it are taken from its place.
  const strict = join(root, `.oxlintrc.strict.json`);
  writeFileSync(strict, JSON.stringify({ ...config, overrides: config.overrides.filter((entry) => !isList(entry)) }));
  const { stdout } = spawnSync(oxlint, ['--config', strict, '--format', 'json'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  rmSync(strict);
  const { diagnostics }: { diagnostics: { code?: string; filename: string }[] } = JSON.parse(stdout);
  const needed = new Set(
    diagnostics.map(({ code = '', filename }) => `${code.replace('(', '/').replace(')', '')} ${filename}`),
  );
  expect(listed.filter((exception) => !needed.has(exception))).toEqual([]);
});
