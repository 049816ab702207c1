/** True when everything runs at its full depth (`npm run test:full`), instead of the depth that a commit needs. */
export const IS_FULL = process.env['TEST_DEPTH'] === 'full';

/** Returns all rows at full depth, else those of a commit. */
export const byDepth = <Row>(ofCommit: readonly Row[], ofFull: readonly Row[]): readonly Row[] =>
  IS_FULL ? [...ofCommit, ...ofFull] : ofCommit;
