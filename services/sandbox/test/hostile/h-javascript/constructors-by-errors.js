// An error from outside has a constructor from outside.
// only: isolate
// expect: success
// stdout: CONTAINED
const causes = [
  () => null.x,
  () => require('child_process'),
  () => require('node:fs').readFileSync('/none'),
  () => new TextDecoder('klingon'),
  () => setTimeout(5),
  () => 'x'.repeat(-1),
  () => JSON.parse('{'),
  () => new Array(-1),
  () => BigInt(0.5),
  () => decodeURIComponent('%'),
];
for (const cause of causes) {
  try {
    cause();
  } catch (error) {
    const realm = error.constructor.constructor('return globalThis')();
    if (realm !== globalThis || realm.process?.pid !== undefined) console.log('ESCAPED by', String(error));
  }
}
console.log('CONTAINED');
