/** Tests run as they are: Node strips the types, nothing is transformed. */
export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/**/test/**/*.test.ts'],
  modulePathIgnorePatterns: ['<rootDir>/data/', '<rootDir>/reports/'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {},
  testTimeout: 90_000,
};
