// `npm test`: installs what is missing, then lint, types and every test, on the Node that the project brings along.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { ensureInstalled, ensurePageBuilt, projectNode, ROOT } from './install.mjs';

ensureInstalled();
ensurePageBuilt();
mkdirSync(`${ROOT}reports`, { recursive: true });

// Hostile programs take all of the machine and are judged by the clock: they run by themselves.
const HOSTILE = 'hostile.test.ts';
const rest = process.argv.slice(2).filter((word) => word !== '--hostile');
const isHostile = rest.length < process.argv.slice(2).length;
const chosen = isHostile ? ['--runInBand', HOSTILE] : [`--testPathIgnorePatterns=${HOSTILE}`];
const report = isHostile ? 'reports/hostile.json' : 'reports/jest.json';
const jest = ['node_modules/jest/bin/jest.js', '--json', `--outputFile=${report}`, ...chosen, ...rest];
/** @type {[string, string, string[]][]} */
const steps = [
  ['lint', 'node_modules/.bin/oxlint', ['--type-aware', '--deny-warnings']],
  ['format', 'node_modules/.bin/oxfmt', ['--check']],
  ['types', 'node_modules/.bin/tsc', ['--noEmit']],
  ['types of the page', 'node_modules/.bin/tsc', ['--noEmit', '--project', 'services/middleware/web']],
  ['tests', projectNode(), ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', ...jest]],
];

for (const [name, command, args] of steps) {
  process.stdout.write(`\n== ${name}\n`);
  const { status, error } = spawnSync(command, args, {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, PATH: `${ROOT}node_modules/.bin:${process.env.PATH}` },
  });
  if (status !== 0) {
    process.stderr.write(`npm test: ${name} failed${error === undefined ? '' : `: ${error.message}`}\n`);
    process.exit(1);
  }
}
