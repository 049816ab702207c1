// A promise from outside settles with values from outside.
// expect: success
// stdout: CONTAINED
const promises = [
  import('node:fs'),
  import('node:child_process').catch((error) => error),
  require('fs').promises.readFile('/none').catch((error) => error),
  new Promise((resolve) => setTimeout(resolve, 1)),
];
for (const promise of promises) {
  const value = await promise;
  const realm = promise.constructor.constructor('return globalThis')();
  const other = value?.constructor?.constructor?.('return globalThis')();
  if (realm !== globalThis || (other ?? globalThis) !== globalThis) console.log('ESCAPED');
}
console.log('CONTAINED');
