// `npm test`: installs what is missing, then every test, with lint, format and types beside them.
// `npm test -- FILE ...` runs the test files whose paths match, at once and alone.
// Options: --full (everything at its full depth, new random seeds), --group NAME (one project of jest.config.js),
// --hostile (the programs that attack the sandbox), --watch, --coverage; anything else is passed on to jest.
import { mkdirSync, rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { COMPILE_CACHE, ensureInstalled, ensurePageBuilt, projectNode, ROOT } from './install.mjs';
import { runChecks, runStep } from './steps.mjs';

const FLAGS = ['full', 'hostile', 'watch', 'coverage'];
/** Those that share the machine with each other, and those that measure it. */
const TOGETHER = ['unit', 'mesh', 'browser'];
const ALONE = ['alone'];

const { chosen, groups, isFull, isWatch, isCoverage } = readArguments(process.argv.slice(2));
const COVERAGE = 'reports/coverage';

ensureInstalled();
ensurePageBuilt();
mkdirSync(`${ROOT}reports`, { recursive: true });
if (isCoverage) rmSync(`${ROOT}${COVERAGE}`, { recursive: true, force: true });
process.exitCode = (await run()) ? 0 : 1;

function readArguments(args) {
  const own = args.filter((word, at) => isOwn(word) || args[at - 1] === '--group');
  const { values } = parseArgs({
    args: own,
    options: { group: { type: 'string' }, ...Object.fromEntries(FLAGS.map((flag) => [flag, { type: 'boolean' }])) },
  });
  return {
    chosen: args.filter((word) => !own.includes(word)),
    groups: values.hostile ? ['hostile'] : values.group?.split(','),
    isFull: values.full === true,
    isWatch: values.watch === true,
    isCoverage: values.coverage === true,
  };
}

function isOwn(word) {
  return word.startsWith('--group') || FLAGS.some((flag) => word === `--${flag}`);
}

/** Resolves with whether everything passed. */
async function run() {
  if (isWatch) return jest('watch', { words: ['--watch', ...chosen] });
  if (chosen.length > 0) return jest('chosen', { groups: groups ?? [...TOGETHER, ...ALONE], words: chosen });
  const work = groups === undefined ? [runChecks(), runGroups([...TOGETHER, ...ALONE])] : [runGroups(groups)];
  const results = await Promise.all(work);
  const isShown = !isCoverage || (await showCoverage());
  return results.every(Boolean) && isShown;
}

/** Runs what can share the machine, several files at once, and then the rest, one file after the other. */
async function runGroups(names) {
  const together = names.filter((name) => TOGETHER.includes(name));
  const alone = names.filter((name) => !TOGETHER.includes(name));
  let isGood = true;
  if (together.length > 0) isGood = await jest(together.join('-'), { groups: together });
  if (alone.length > 0) isGood = (await jest(alone.join('-'), { groups: alone, words: ['--runInBand'] })) && isGood;
  return isGood;
}

function jest(name, { groups: selected = [], words = [] }) {
  const report = isWatch ? [] : ['--json', `--outputFile=reports/jest-${name}.json`];
  const select = selected.length > 0 ? ['--selectProjects', ...selected] : [];
  const options = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  return runStep({
    name: `tests (${name})`,
    command: projectNode(),
    args: [...options, 'node_modules/jest/bin/jest.js', ...select, ...report, ...words],
    env: {
      ...(isFull ? { TEST_DEPTH: 'full' } : {}),
      // Code from a cache is measured less exactly.
      ...(isCoverage ? { NODE_V8_COVERAGE: `${ROOT}${COVERAGE}/raw` } : { NODE_COMPILE_CACHE: COMPILE_CACHE }),
    },
  });
}

/** Prints what of the services' and the kit's code ran, in this process's children and theirs. */
function showCoverage() {
  const from = ['--temp-directory', `${COVERAGE}/raw`, '--reports-dir', COVERAGE];
  const what = ['--include', 'shared/**', '--include', 'services/*/src/**', '--exclude', '**/test-kit/**'];
  const reporters = ['text-summary', 'html', 'lcovonly', 'json-summary'].flatMap((reporter) => [
    '--reporter',
    reporter,
  ]);
  return runStep({
    name: 'coverage',
    command: projectNode(),
    args: ['node_modules/c8/bin/c8.js', 'report', ...from, ...what, ...reporters],
  });
}
