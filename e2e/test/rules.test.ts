import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from '@jest/globals';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** A file that breaks a rule, where the rule holds. */
const places: string[] = [];
afterEach(() => {
  for (const place of places.splice(0)) rmSync(place, { force: true });
});

function lint(path: string, source: string): string {
  const place = `${root}${path}`;
  places.push(place);
  mkdirSync(place.slice(0, place.lastIndexOf('/')), { recursive: true });
  writeFileSync(place, source);
  const { stdout } = spawnSync(`${root}node_modules/.bin/oxlint`, ['--format', 'unix', place], {
    cwd: root,
    encoding: 'utf8',
  });
  return stdout;
}

describe('the linter refuses', () => {
  const broken: [string, string, string][] = [
    ['a service that imports another', 'services/time-client/src/broken.ts', "import '../../sandbox/src/config.ts';\n"],
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
    ['settings read in passing', 'services/mcp-server/src/broken.ts', 'export const url = process.env.SANDBOX_URL;\n'],
    ['a default export', 'shared/kit/http/broken.ts', 'export default 1;\n'],
    ['any', 'shared/kit/http/broken.ts', 'export const x: any = 1;\n'],
  ];
  test.each(broken)('%s', (_name, path, source) => {
    expect(lint(path, source)).toMatch(
      /\[Error\/[a-z]+\((no-restricted-imports|no-process-env|no-default-export|no-explicit-any)\)\]/,
    );
  });

  test('nothing that is fine', () => {
    expect(
      lint('services/time-client/src/broken.ts', "export { VERSION } from '@toolmesh/shared/kit/service/version';\n"),
    ).not.toContain('Error/');
  });
});
