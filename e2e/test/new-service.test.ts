import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { createMcpClient } from '@toolmesh/shared/mcp/client/mcp-client';
import { post, request } from '@toolmesh/shared/test-kit/requests';
import { startServiceProcess } from '@toolmesh/shared/test-kit/service-process';
import { quietContext } from '@toolmesh/shared/kit/tools/tool';
import { copyRepository, type RepositoryCopy } from '../repository-copy.ts';

// Real processes are started, ended and waited for.
jest.setTimeout(120_000);

const guide = readFileSync(new URL('../../CONTRIBUTING.md', import.meta.url), 'utf8');
const COMMAND = 'npm run new-service dice roll_dice';
const JEST = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js'];

/** The file that the guide shows under its path. */
function shown(path: string): string {
  const [, source = ''] = new RegExp(`^\`${path}\`:\\n\\n\`\`\`ts\\n(.*?)^\`\`\``, 'ms').exec(guide) ?? [];
  return source;
}

/** For tests that start other test runs: a busy machine takes its time. */
const RUNS_MS = 300_000;

let copy: RepositoryCopy;
let made: ReturnType<RepositoryCopy['run']>;
const read = (path: string) => readFileSync(join(copy.root, path), 'utf8');
const create = (...words: string[]) => copy.run('scripts/new-service.ts', ...words);
beforeAll(() => {
  copy = copyRepository();
  made = create('dice', 'roll_dice');
}, RUNS_MS);
afterAll(() => copy.remove());

describe('npm run new-service dice roll_dice', () => {
  test('is the command of the guide', () => {
    expect(guide).toContain(`\n${COMMAND}\n`);
    expect(JSON.parse(read('package.json')).scripts['new-service']).toBe('node scripts/run.mjs scripts/new-service.ts');
  });

  test('says what it made and changed, and how to undo it', () => {
    expect(made).toMatchObject({ status: 0 });
    expect(made.output).toContain('services/dice/src/roll-dice.ts');
    expect(made.output).toMatch(/Undo +rm -r services\/dice && git checkout mesh\/services\.ts mesh\.json /);
  });

  test('leaves a lockfile that npm takes as it is', () => {
    const { status, output } = copy.run(
      '--eval',
      `
      const { spawnSync } = require('node:child_process');
      const { status } = spawnSync('npm', ['ci', '--dry-run', '--offline', '--ignore-scripts', '--loglevel=notice'], { stdio: 'inherit' });
      process.exit(status);
    `,
    );
    expect({ status, output }).toMatchObject({ status: 0, output: expect.stringContaining('@toolmesh/dice') });
  });

  test(
    'makes a service that passes its own test, the wiring test, that of the documents, lint, format and types',
    () => {
      const tests = copy.run(...JEST, 'services/dice', 'e2e/test/wiring', 'scripts/docs/test/generated');
      expect(tests).toMatchObject({ status: 0, output: expect.stringContaining('Test Suites: 3 passed') });
      checkSources();
    },
    RUNS_MS,
  );

  const refused: [string, string[], RegExp][] = [
    ['a second time', ['dice'], /The name "dice" is taken/],
    ['without a name', [], /needs a name/],
    ['with a name that is no host name', ['Dice_Box'], /"Dice_Box" is not a usable name: expected lower-case words/],
    ['with the name of another container', ['prometheus'], /The name "prometheus" is taken/],
    ['with a tool that another service has', ['clock', 'get_current_time'], /exists already, in time-client/],
  ];
  test.each(refused)('%s says what is wrong and changes nothing', (_name, words, message) => {
    const before = ['mesh/services.ts', 'docker-compose.yml', 'package-lock.json'].map(read);
    const { status, output } = create(...words);
    expect(status).toBe(1);
    expect(output).toMatch(message);
    expect(output).toContain('Nothing was changed.');
    expect(['mesh/services.ts', 'docker-compose.yml', 'package-lock.json'].map(read)).toEqual(before);
  });
});

describe('the service that the guide makes of it', () => {
  const TOOL = 'services/dice/src/roll-dice.ts';
  const TEST = 'services/dice/test/roll-dice.test.ts';
  beforeAll(() => {
    for (const path of [TOOL, TEST]) writeFileSync(join(copy.root, path), shown(path));
  });

  test('has a tool of at most 25 lines', () => {
    expect(shown(TOOL).trim().split('\n').length).toBeGreaterThan(5);
    expect(shown(TOOL).trim().split('\n').length).toBeLessThanOrEqual(25);
  });

  test(
    'passes the test that the guide shows, lint, format and types',
    () => {
      const tests = copy.run(...JEST, 'services/dice');
      expect(tests).toMatchObject({ status: 0, output: expect.stringContaining('Test Suites: 1 passed') });
      checkSources();
    },
    RUNS_MS,
  );

  test('may not import another service', () => {
    const path = 'services/dice/src/broken.ts';
    writeFileSync(join(copy.root, path), "import '../../sandbox/src/config.ts';\n");
    expect(copy.run('node_modules/.bin/oxlint', path).output).toContain('no-restricted-imports');
  });

  test('answers over REST and MCP, and through the hub that the command told of it', async () => {
    const dice = await startServiceProcess(pathToFileURL(join(copy.root, 'services/dice/src/main.ts')));
    const hub = await startServiceProcess(pathToFileURL(join(copy.root, 'services/mcp-server/src/main.ts')), {
      DICE_URL: dice.url,
      MESH_CONFIG: join(copy.root, 'mesh.json'),
    });
    const { body } = await post(`${dice.url}/tools/roll_dice`, { arguments: { count: 3, sides: 2 } });
    expect(body.structured_content.rolls).toHaveLength(3);
    expect((await request(`${dice.url}/openapi.json`)).body.paths).toHaveProperty(['/tools/roll_dice']);
    const counted = 'tool_executions_total{tool_name="roll_dice",status="success"} 1';
    expect((await request(`${dice.url}/metrics`)).body).toContain(counted);
    for (const { url } of [dice, hub]) {
      const client = createMcpClient({ name: 'dice', url: `${url}/mcp`, idleTimeoutMs: 5_000 });
      const { structured_content } = await client.callTool('roll_dice', {}, quietContext(new AbortController().signal));
      expect(structured_content).toMatchObject({ rolls: [expect.any(Number)] });
      await client.close();
    }
    await hub.stop();
    await dice.stop();
  });
});

/** Runs on the new service what `npm test` runs on all of them. */
function checkSources(): void {
  writeFileSync(
    join(copy.root, 'tsconfig.dice.json'),
    JSON.stringify({ extends: './tsconfig.json', include: ['services/dice'], exclude: [] }),
  );
  const checks = [
    ['node_modules/.bin/oxlint', '--deny-warnings', 'services/dice', 'mesh'],
    ['node_modules/.bin/oxfmt', '--check', 'services/dice', 'mesh', 'mesh.json', 'docker-compose.yml', 'README.md'],
    ['node_modules/.bin/tsc', '--noEmit', '--project', 'tsconfig.dice.json'],
  ];
  for (const args of checks) expect(copy.run(...args)).toMatchObject({ status: 0 });
}
