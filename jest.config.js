/** Tests run as they are: Node strips the types, nothing is transformed. */
const common = {
  testEnvironment: 'node',
  modulePathIgnorePatterns: ['<rootDir>/data/', '<rootDir>/dist/', '<rootDir>/reports/'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {},
};

/** Tests that measure time or take the whole machine: run by themselves, one file after the other. */
const ALONE = ['e2e/test/soak.test.ts'];
const HOSTILE = ['services/sandbox/test/hostile.test.ts'];

const inRoot = (path) => `<rootDir>/${path}`;
const project = (displayName, testMatch, except = []) => ({
  ...common,
  displayName,
  testMatch: testMatch.map(inRoot),
  testPathIgnorePatterns: ['/node_modules/', ...[...ALONE, ...HOSTILE, ...except].map(inRoot)],
});
const only = (displayName, files) => ({ ...common, displayName, testMatch: files.map(inRoot) });

/** Each project is a group that `npm test -- --group NAME` runs alone, as a job of CI does. */
export default {
  projects: [
    project(
      'unit',
      ['{shared,services,examples,scripts}/**/test/**/*.test.ts'],
      ['services/middleware/web/test/[^/]*[.]test[.]ts'],
    ),
    project('browser', ['services/middleware/web/test/*.test.ts']),
    project('mesh', ['e2e/test/**/*.test.ts']),
    only('alone', ALONE),
    only('hostile', HOSTILE),
    only('compose', ['e2e/compose/*.test.ts']),
  ],
  // Slow tests show; a file whose waits are longer says so itself.
  testTimeout: 120_000,
  // More than cores: half of the time of a test that talks to processes is waiting.
  maxWorkers: 4,
  // The modules of finished tests stay in memory: V8 keeps what ran in a context for as long as it likes.
  workerIdleMemoryLimit: '768MB',
};
